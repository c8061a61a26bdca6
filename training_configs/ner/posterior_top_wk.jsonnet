// Named entity recognition: posterior and weighted Top-K distillation (Pos.+Top-WK), Wang et al. (ACL 2020).
// Needs the teachers of all languages (teacher.jsonnet).
// Run:  allennlp train training_configs/ner/posterior_top_wk.jsonnet -s runs/ner/posterior_top_wk --include-package skd_plugin
local losses = import '../lib/losses.libsonnet';
local student = import '../lib/student.libsonnet';
local task = import 'task.libsonnet';

student(task, task.languages, task.student_size, task.student_recipe, task.teachers, losses.posterior_top_wk, task.knowledge)
