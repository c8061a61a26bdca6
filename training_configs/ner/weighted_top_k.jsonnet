// Named entity recognition: weighted Top-K distillation (Top-WK), Wang et al. (ACL 2020).
// Needs the teachers of all languages (teacher.jsonnet).
// Run:  allennlp train training_configs/ner/weighted_top_k.jsonnet -s runs/ner/weighted_top_k --include-package skd_plugin
local losses = import '../lib/losses.libsonnet';
local student = import '../lib/student.libsonnet';
local task = import 'task.libsonnet';

student(task, task.languages, task.student_size, task.student_recipe, task.teachers, losses.weighted_top_k, task.knowledge)
