// XtremeDistil with 100 labelled sentences a language: as xtremedistil.jsonnet, some of its strategies.
// Data, transformer and teacher: as there.
// Run:  SKD_DATA=data/ner SKD_TRANSFORMER=minilm SKD_TRANSFORMER_DIM=384 allennlp distill training_configs/experiments/xtremedistil_few_labels.jsonnet -s runs/xtremedistil_few_labels --include-package skd_plugin
local phases = import '../xtremedistil/phases.libsonnet';
local table = import '../xtremedistil/table.libsonnet';
local all = import '../xtremedistil/task.libsonnet';

table(
  'XtremeDistil: few labels',
  all { dev_sentences: 300, train_sentences: 100 },
  phases.equal(20),
  ['d1', 'logits_then_labels', 'posterior_then_labels'],
  ['structural_then_labels']
)
