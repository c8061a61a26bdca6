// XtremeDistil: labels, the teacher's logits and its hidden states together (D2).
// Needs the teacher (teacher.jsonnet), and its transformer.
// Run:  allennlp train training_configs/xtremedistil/d2.jsonnet -s runs/xtremedistil/d2 --include-package skd_plugin
local phases = import 'phases.libsonnet';
local student = import 'student.libsonnet';
local task = import 'task.libsonnet';

student(task, phases.strategies(task, phases.until_no_better()).d2)
