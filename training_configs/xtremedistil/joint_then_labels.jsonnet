// XtremeDistil: labels and the teacher's logits together, then labels alone.
// Needs the teacher (teacher.jsonnet), and its transformer.
// Run:  allennlp train training_configs/xtremedistil/joint_then_labels.jsonnet -s runs/xtremedistil/joint_then_labels --include-package skd_plugin
local phases = import 'phases.libsonnet';
local student = import 'student.libsonnet';
local task = import 'task.libsonnet';

student(task, phases.strategies(task, phases.until_no_better()).joint_then_labels)
