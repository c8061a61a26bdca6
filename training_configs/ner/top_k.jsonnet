// Named entity recognition: Top-K distillation, Wang et al. (ACL 2020).
// Needs the teachers of all languages (teacher.jsonnet).
// Run:  allennlp train training_configs/ner/top_k.jsonnet -s runs/ner/top_k --include-package skd_plugin
local losses = import '../lib/losses.libsonnet';
local student = import '../lib/student.libsonnet';
local task = import 'task.libsonnet';

student(task, task.languages, task.student_size, task.student_recipe, task.teachers, losses.top_k, task.knowledge)
