// The demo: named entities of the embedded corpus: emission distillation, Wang et al. (ACL 2020).
// Needs the teachers of all languages (teacher.jsonnet).
// Run:  allennlp train training_configs/demo/emission.jsonnet -s demo-output/emission --include-package skd_plugin
local losses = import '../lib/losses.libsonnet';
local student = import '../lib/student.libsonnet';
local task = import 'task.libsonnet';

student(task, task.languages, task.student_size, task.student_recipe, task.teachers, losses.emission, task.knowledge)
