// MMKD (Li et al., EMNLP 2022) for taggers: parts of speech by few labels, above encoders that are aligned or not.
// Data: treebanks, as ud_pos/task.libsonnet says. Needs the folder of the experiment mmkd, as SKD_ENCODER.
// Run:  SKD_DATA=data/ud-pos SKD_ENCODER=runs/mmkd allennlp distill training_configs/experiments/mmkd_ud_pos.jsonnet -s runs/mmkd_ud_pos --include-package skd_plugin
local settings = import '../lib/settings.libsonnet';
local table = import '../mmkd/table.libsonnet';
local all = import '../ud_pos/task.libsonnet';

local task = all { languages: settings.languages(['en', 'fr', 'id', 'ja']), train_sentences: 100, dev_sentences: 300 };
table('MMKD: parts of speech by 100 sentences a language', task)
