// The demo: named entities of the embedded corpus: one tagger of all languages, from gold labels alone.
// Run:  allennlp train training_configs/demo/baseline.jsonnet -s demo-output/baseline --include-package skd_plugin
local tagger = import '../lib/tagger.libsonnet';
local task = import 'task.libsonnet';

tagger(task, task.languages, task.student_size, task.student_recipe)
