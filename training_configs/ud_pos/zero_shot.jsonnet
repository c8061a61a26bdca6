// UPOS tagging of Universal Dependencies: posterior distillation, Wang et al. (ACL 2020), for languages without any treebank too:
// the teachers of all languages answer for them, with equal weights, on the text of <SKD_UNLABELED>/<language>.txt.
// Needs the teachers of all other languages (teacher.jsonnet).
// Run:  SKD_ZERO_SHOT=de SKD_UNLABELED=data/text allennlp train training_configs/ud_pos/zero_shot.jsonnet -s runs/ud_pos/zero_shot --include-package skd_plugin
local losses = import '../lib/losses.libsonnet';
local settings = import '../lib/settings.libsonnet';
local student = import '../lib/student.libsonnet';
local unlabeled = import '../lib/unlabeled.libsonnet';
local task = import 'task.libsonnet';

student(task, task.languages, task.student_size, task.student_recipe, task.teachers, losses.posterior, task.knowledge)
+ unlabeled.of_new_languages(task, task.languages, settings.zero_shot([]), task.teachers)
