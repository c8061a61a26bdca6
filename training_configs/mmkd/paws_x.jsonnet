// PAWS-X (Yang et al., EMNLP 2019): whether two sentences of nearly the same words say the same, by the encoder of MMKD.
// Needs the encoder (encoder.jsonnet), as SKD_ENCODER, and keeps needing it; in SKD_DATA the folders of the data (x-final), en/train.tsv,
// en/dev_2k.tsv, de/test_2k.tsv and so on.
// Run:  SKD_DATA=data/x-final allennlp train training_configs/mmkd/paws_x.jsonnet -s runs/mmkd/paws_x --include-package skd_plugin
local settings = import '../lib/settings.libsonnet';
local suites = import 'suites.libsonnet';

local data = settings.data('data/x-final');
suites.pairs({
  train: data + '/en/train.tsv',
  dev: data + '/en/dev_2k.tsv',
  test(language): data + '/' + language + '/test_2k.tsv',
})
