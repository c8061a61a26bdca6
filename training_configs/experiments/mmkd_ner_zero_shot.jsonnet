// MMKD (Li et al., EMNLP 2022) for taggers: named entities by English labels alone, above encoders that are aligned or not.
// Data: one folder a language, as ner/task.libsonnet says. Needs the folder of the experiment mmkd, as SKD_ENCODER.
// Run:  SKD_DATA=data/ner SKD_ENCODER=runs/mmkd allennlp distill training_configs/experiments/mmkd_ner_zero_shot.jsonnet -s runs/mmkd_ner_zero_shot --include-package skd_plugin
local settings = import '../lib/settings.libsonnet';
local table = import '../mmkd/table.libsonnet';
local all = import '../ner/task.libsonnet';

local task = all { languages: settings.languages(['de', 'en', 'es', 'fr']), train_sentences: 1000, dev_sentences: 300 };
table('MMKD: named entities by 1,000 English sentences', task, ['en'])
