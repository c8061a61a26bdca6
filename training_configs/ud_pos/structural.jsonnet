// UPOS tagging of Universal Dependencies: exact structural distillation, Wang et al. (ACL 2021).
// Needs the teachers of all languages (teacher.jsonnet).
// Run:  allennlp train training_configs/ud_pos/structural.jsonnet -s runs/ud_pos/structural --include-package skd_plugin
local losses = import '../lib/losses.libsonnet';
local student = import '../lib/student.libsonnet';
local task = import 'task.libsonnet';

student(task, task.languages, task.student_size, task.student_recipe, task.teachers, losses.structural, task.knowledge)
