// MMKD: the encoder, from scratch, by all four levels of alignment.
// Needs an English sentence encoder as a folder, SKD_TRANSFORMER, and its width, SKD_TRANSFORMER_DIM; and a tokenizer:
//       allennlp train-tokenizer "$SKD_PARALLEL"/train.tsv -s runs/mmkd/tokenizer
// Run:  allennlp train training_configs/mmkd/encoder.jsonnet -s runs/mmkd/encoder --include-package skd_plugin
local encoder = import 'encoder.libsonnet';
local objectives = import 'objectives.libsonnet';
local task = import 'task.libsonnet';

encoder(task, objectives.all)
