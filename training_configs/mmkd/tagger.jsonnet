// MMKD: a tagger of all languages above the aligned encoder, which is learnt further. It is a multilingual baseline, or a teacher.
// Needs the encoder (encoder.jsonnet), as SKD_ENCODER, and keeps needing it.
// Run:  allennlp train training_configs/mmkd/tagger.jsonnet -s runs/mmkd/tagger --include-package skd_plugin
local embedders = import '../lib/embedders.libsonnet';
local recipes = import '../lib/recipes.libsonnet';
local tagger = import '../lib/tagger.libsonnet';
local task = import 'task.libsonnet';

local embedder = embedders.archived(task.encoder, task.dim);
tagger(task, task.languages, { embedder: embedder }, recipes.fast(embedder))
