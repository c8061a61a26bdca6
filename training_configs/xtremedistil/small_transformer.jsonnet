// XtremeDistil: our own, a student with a CRF above the first three layers of the pretrained transformer: the structural loss, then labels.
// It comes nearer to its teacher than an LSTM, and is smaller in layers rather than in bytes; `allennlp export` does not know it.
// Needs the teacher (teacher.jsonnet), and its transformer.
// Run:  allennlp train training_configs/xtremedistil/small_transformer.jsonnet -s runs/xtremedistil/small_transformer --include-package skd_plugin
local phases = import 'phases.libsonnet';
local student = import 'student.libsonnet';
local task = import 'task.libsonnet';

student(task { layers: [1, 2, 3] }, phases.strategies(task, phases.until_no_better()).structural_then_labels, 'crf')
