// The strategies of XtremeDistil (Mukherjee and Hassan Awadallah, ACL 2020, table 3) and two more, with as many updates each;
// named entities in three languages, SKD_TRAIN_SENTENCES (300) labelled sentences a language; about an hour on two cores.
// `baseline` is D0-S, `teachers_d0` a student of each language, from labels alone. Of two more students with a CRF, one learns by
// the structural loss.
// Data, transformer and teacher: as xtremedistil/task.libsonnet says; the teacher is trained before, by xtremedistil/teacher.jsonnet.
// Run:  SKD_DATA=data/ner SKD_TRANSFORMER=minilm SKD_TRANSFORMER_DIM=384 allennlp distill training_configs/experiments/xtremedistil.jsonnet -s runs/xtremedistil_table --include-package skd_plugin
local table = import '../xtremedistil/table.libsonnet';
local phases = import '../xtremedistil/phases.libsonnet';
local all = import '../xtremedistil/task.libsonnet';

table(
  'XtremeDistil: as many updates for every strategy',
  all { dev_sentences: 300 },
  phases.equal(20),
  ['d1', 'd2', 'd3_1', 'd3_2', 'd4_1', 'd4_2', 'logits_then_labels', 'joint_then_labels', 'posterior_then_labels'],
  ['logits_then_labels', 'structural_then_labels'],
  alone=true
)
