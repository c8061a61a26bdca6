// XtremeDistil: the nine phases of the paper (D4.2), each with its cosine schedule with restarts.
// Needs the teacher (teacher.jsonnet), and its transformer.
// Run:  allennlp train training_configs/xtremedistil/d4_2_cosine.jsonnet -s runs/xtremedistil/d4_2_cosine --include-package skd_plugin
local phases = import 'phases.libsonnet';
local student = import 'student.libsonnet';
local task = import 'task.libsonnet';

student(task, phases.strategies(task, phases.with_restarts(phases.until_no_better())).d4_2)
