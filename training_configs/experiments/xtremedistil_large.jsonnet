// XtremeDistil with a larger student and twice as many updates: how near to its teacher does it come?
// Data, transformer and teacher: as xtremedistil.jsonnet.
// Run:  SKD_DATA=data/ner SKD_TRANSFORMER=minilm SKD_TRANSFORMER_DIM=384 allennlp distill training_configs/experiments/xtremedistil_large.jsonnet -s runs/xtremedistil_large --include-package skd_plugin
local phases = import '../xtremedistil/phases.libsonnet';
local table = import '../xtremedistil/table.libsonnet';
local all = import '../xtremedistil/task.libsonnet';

table(
  'XtremeDistil: a larger student',
  all { dev_sentences: 300, embedding_dim: 100, hidden_dim: 200 },
  phases.equal(40),
  ['posterior_then_labels'],
  ['structural_then_labels']
)
