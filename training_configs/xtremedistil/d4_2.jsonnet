// XtremeDistil: three stages (D4.2), the nine phases of the paper: as D4.1, with gradual unfreezing.
// Needs the teacher (teacher.jsonnet), and its transformer.
// Run:  allennlp train training_configs/xtremedistil/d4_2.jsonnet -s runs/xtremedistil/d4_2 --include-package skd_plugin
local phases = import 'phases.libsonnet';
local student = import 'student.libsonnet';
local task = import 'task.libsonnet';

student(task, phases.strategies(task, phases.until_no_better()).d4_2)
