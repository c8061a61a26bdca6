// UPOS tagging of Universal Dependencies: the teacher of one language.
// Run:  SKD_LANGUAGE=en allennlp train training_configs/ud_pos/teacher.jsonnet -s runs/ud_pos/teachers/en --include-package skd_plugin
local settings = import '../lib/settings.libsonnet';
local tagger = import '../lib/tagger.libsonnet';
local task = import 'task.libsonnet';

tagger(task, [settings.language], task.teacher_size, task.teacher_recipe)
