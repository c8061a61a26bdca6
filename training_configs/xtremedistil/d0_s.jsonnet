// XtremeDistil: labels alone (D0-S), one student of all languages.
// Needs the teacher's transformer, for its pieces of words.
// Run:  allennlp train training_configs/xtremedistil/d0_s.jsonnet -s runs/xtremedistil/d0_s --include-package skd_plugin
local phases = import 'phases.libsonnet';
local student = import 'student.libsonnet';
local task = import 'task.libsonnet';

student(task, phases.strategies(task, phases.until_no_better()).d0_s)
