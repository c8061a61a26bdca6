// XtremeDistil: our own, a student with a CRF: the structural loss (Wang et al., ACL 2021), then labels.
// Needs the teacher (teacher.jsonnet), and its transformer.
// Run:  allennlp train training_configs/xtremedistil/structural_then_labels.jsonnet -s runs/xtremedistil/structural_then_labels --include-package skd_plugin
local phases = import 'phases.libsonnet';
local student = import 'student.libsonnet';
local task = import 'task.libsonnet';

student(task, phases.strategies(task, phases.until_no_better()).structural_then_labels, 'crf')
