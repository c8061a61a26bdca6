// XtremeDistil: two stages (D3.1): the teacher's hidden states, then labels and its logits together.
// Needs the teacher (teacher.jsonnet), and its transformer.
// Run:  allennlp train training_configs/xtremedistil/d3_1.jsonnet -s runs/xtremedistil/d3_1 --include-package skd_plugin
local phases = import 'phases.libsonnet';
local student = import 'student.libsonnet';
local task = import 'task.libsonnet';

student(task, phases.strategies(task, phases.until_no_better()).d3_1)
