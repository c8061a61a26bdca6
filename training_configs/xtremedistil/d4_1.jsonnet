// XtremeDistil: three stages (D4.1): the teacher's hidden states, then its logits, then labels.
// Needs the teacher (teacher.jsonnet), and its transformer.
// Run:  allennlp train training_configs/xtremedistil/d4_1.jsonnet -s runs/xtremedistil/d4_1 --include-package skd_plugin
local phases = import 'phases.libsonnet';
local student = import 'student.libsonnet';
local task = import 'task.libsonnet';

student(task, phases.strategies(task, phases.until_no_better()).d4_1)
