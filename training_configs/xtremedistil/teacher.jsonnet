// XtremeDistil: the teacher, a transformer that is fine-tuned on all languages together.
// Needs a transformer, by name or as a folder with model and tokenizer: SKD_TRANSFORMER, and its width, SKD_TRANSFORMER_DIM.
// Run:  allennlp train training_configs/xtremedistil/teacher.jsonnet -s runs/xtremedistil/teachers/all --include-package skd_plugin
local embedders = import '../lib/embedders.libsonnet';
local recipes = import '../lib/recipes.libsonnet';
local tagger = import '../lib/tagger.libsonnet';
local task = import 'task.libsonnet';

local embedder = embedders.transformer(task.transformer, task.transformer_dim, lr=1e-4);
local labelled = task { train_sentences: task.teacher_sentences };
tagger(labelled, task.languages, { embedder: embedder }, recipes.fast(embedder, lr=0.001, epochs=6, batch_size=16, plateau=0))
+ { model+: { type: 'distilled_tagger', dropout: 0.1, word_dropout: 0 } }
