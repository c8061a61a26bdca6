// XtremeDistil: the teacher's logits, then labels.
// Needs the teacher (teacher.jsonnet), and its transformer.
// Run:  allennlp train training_configs/xtremedistil/logits_then_labels.jsonnet -s runs/xtremedistil/logits_then_labels --include-package skd_plugin
local phases = import 'phases.libsonnet';
local student = import 'student.libsonnet';
local task = import 'task.libsonnet';

student(task, phases.strategies(task, phases.until_no_better()).logits_then_labels)
