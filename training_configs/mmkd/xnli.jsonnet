// XNLI (Conneau et al., EMNLP 2018): whether a sentence follows from another, by the encoder of MMKD.
// Needs the encoder (encoder.jsonnet), as SKD_ENCODER, and keeps needing it; in SKD_DATA the files multinli.train.en.tsv (of XNLI-MT-1.0),
// xnli.dev.tsv and xnli.test.tsv (of XNLI-1.0).
// Run:  SKD_DATA=data/xnli allennlp train training_configs/mmkd/xnli.jsonnet -s runs/mmkd/xnli --include-package skd_plugin
local settings = import '../lib/settings.libsonnet';
local suites = import 'suites.libsonnet';

local data = settings.data('data/xnli');
suites.pairs({
  train: data + '/multinli.train.en.tsv',
  dev: data + '/xnli.dev.tsv',
  test(language): data + '/xnli.test.tsv',  // has all languages
})
