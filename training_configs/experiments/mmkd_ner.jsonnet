// MMKD (Li et al., EMNLP 2022) for taggers: named entities by few labels, above encoders that are aligned or not.
// Data: one folder a language, as ner/task.libsonnet says. Needs the folder of the experiment mmkd, as SKD_ENCODER.
// Run:  SKD_DATA=data/ner SKD_ENCODER=runs/mmkd allennlp distill training_configs/experiments/mmkd_ner.jsonnet -s runs/mmkd_ner --include-package skd_plugin
local settings = import '../lib/settings.libsonnet';
local table = import '../mmkd/table.libsonnet';
local all = import '../ner/task.libsonnet';

local task = all { languages: settings.languages(['de', 'en', 'es', 'fr']), train_sentences: 100, dev_sentences: 300 };
table('MMKD: named entities by 100 sentences a language', task)
