// Named entity recognition: posterior distillation, Wang et al. (ACL 2020).
// Needs the teachers of all languages (teacher.jsonnet).
// Run:  allennlp train training_configs/ner/posterior.jsonnet -s runs/ner/posterior --include-package skd_plugin
local losses = import '../lib/losses.libsonnet';
local student = import '../lib/student.libsonnet';
local task = import 'task.libsonnet';

student(task, task.languages, task.student_size, task.student_recipe, task.teachers, losses.posterior, task.knowledge)
