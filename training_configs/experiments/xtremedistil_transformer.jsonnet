// XtremeDistil with a small transformer as the student, the first layers of what the teacher was fine-tuned from: how near to its teacher does it come? Half as
// many updates as in xtremedistil.jsonnet, each of which takes several times as long.
// Data, transformer and teacher: as xtremedistil.jsonnet.
// Run:  SKD_DATA=data/ner SKD_TRANSFORMER=minilm SKD_TRANSFORMER_DIM=384 allennlp distill training_configs/experiments/xtremedistil_transformer.jsonnet -s runs/xtremedistil_transformer --include-package skd_plugin
local phases = import '../xtremedistil/phases.libsonnet';
local table = import '../xtremedistil/table.libsonnet';
local all = import '../xtremedistil/task.libsonnet';

table(
  'XtremeDistil: a small transformer',
  all { dev_sentences: 300, layers: [1, 2, 3] },
  phases.equal(10),
  [],
  ['structural_then_labels']
)
