// The demo: named entities of the embedded corpus: the teacher of one language.
// Run:  SKD_LANGUAGE=en allennlp train training_configs/demo/teacher.jsonnet -s demo-output/teachers/en --include-package skd_plugin
local settings = import '../lib/settings.libsonnet';
local tagger = import '../lib/tagger.libsonnet';
local task = import 'task.libsonnet';

tagger(task, [settings.language], task.teacher_size, task.teacher_recipe)
