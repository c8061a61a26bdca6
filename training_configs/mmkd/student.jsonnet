// MMKD, then SKD: the tagger above the aligned encoder learns from one teacher a language (training_configs/ner/teacher.jsonnet).
// Needs the encoder (encoder.jsonnet), as SKD_ENCODER, and keeps needing it; and the teachers, in SKD_TEACHERS.
// Run:  allennlp train training_configs/mmkd/student.jsonnet -s runs/mmkd/student --include-package skd_plugin
local embedders = import '../lib/embedders.libsonnet';
local losses = import '../lib/losses.libsonnet';
local recipes = import '../lib/recipes.libsonnet';
local student = import '../lib/student.libsonnet';
local task = import 'task.libsonnet';

local embedder = embedders.archived(task.encoder, task.dim);
student(task, task.languages, { embedder: embedder }, recipes.fast(embedder), task.teachers, losses.posterior, task.knowledge)
