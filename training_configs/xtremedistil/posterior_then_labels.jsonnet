// XtremeDistil: our own, the teacher's posteriors (Wang et al., ACL 2020), then labels.
// Needs the teacher (teacher.jsonnet), and its transformer.
// Run:  allennlp train training_configs/xtremedistil/posterior_then_labels.jsonnet -s runs/xtremedistil/posterior_then_labels --include-package skd_plugin
local phases = import 'phases.libsonnet';
local student = import 'student.libsonnet';
local task = import 'task.libsonnet';

student(task, phases.strategies(task, phases.until_no_better()).posterior_then_labels)
