// Named entity recognition: posterior distillation, Wang et al. (ACL 2020), of labelled text and unlabelled text beside it.
// The first SKD_TRAIN_SENTENCES (200) of each training file keep their tags; the next SKD_UNLABELED_SENTENCES (all others)
// do without. With SKD_UNLABELED, <SKD_UNLABELED>/<language>.txt are the unlabelled text, and all training sentences labelled.
// Needs the teachers of all languages (teacher.jsonnet).
// Run:  allennlp train training_configs/ner/posterior_unlabeled.jsonnet -s runs/ner/posterior_unlabeled --include-package skd_plugin
local losses = import '../lib/losses.libsonnet';
local student = import '../lib/student.libsonnet';
local unlabeled = import '../lib/unlabeled.libsonnet';
local task = import 'task.libsonnet';

student(task, task.languages, task.student_size, task.student_recipe, task.teachers, losses.posterior, task.knowledge)
+ unlabeled.of_same_languages(task, task.languages)
