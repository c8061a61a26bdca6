// XtremeDistil as the paper trains: each phase until the development set gets no better. As xtremedistil.jsonnet, its three stages, without and
// with gradual unfreezing.
// Data, transformer and teacher: as there.
// Run:  SKD_DATA=data/ner SKD_TRANSFORMER=minilm SKD_TRANSFORMER_DIM=384 allennlp distill training_configs/experiments/xtremedistil_to_convergence.jsonnet -s runs/xtremedistil_to_convergence --include-package skd_plugin
local phases = import '../xtremedistil/phases.libsonnet';
local table = import '../xtremedistil/table.libsonnet';
local all = import '../xtremedistil/task.libsonnet';

table(
  'XtremeDistil: each phase to convergence',
  all { dev_sentences: 300 },
  phases.until_no_better(patience=3, most=40),
  ['d4_1', 'd4_2']
)
