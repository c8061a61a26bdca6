// Named entity recognition: one tagger of all languages, from gold labels alone.
// Run:  allennlp train training_configs/ner/baseline.jsonnet -s runs/ner/baseline --include-package skd_plugin
local tagger = import '../lib/tagger.libsonnet';
local task = import 'task.libsonnet';

tagger(task, task.languages, task.student_size, task.student_recipe)
