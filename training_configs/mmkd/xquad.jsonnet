// XQuAD (Artetxe et al., ACL 2020): which piece of a passage answers a question, by the encoder of MMKD, learnt from SQuAD 1.1.
// Needs the encoder (encoder.jsonnet), as SKD_ENCODER, and keeps needing it; in SKD_DATA the files train-v1.1.json and dev-v1.1.json (of
// SQuAD), xquad.en.json, xquad.de.json and so on.
// An encoder that was aligned on questions of XQuAD, as benchmarks/parallel_data.py puts them into its text, has seen a part of the test.
// Run:  SKD_DATA=data/xquad allennlp train training_configs/mmkd/xquad.jsonnet -s runs/mmkd/xquad --include-package skd_plugin
local settings = import '../lib/settings.libsonnet';
local suites = import 'suites.libsonnet';

local data = settings.data('data/xquad');
suites.questions({
  train: data + '/train-v1.1.json',
  dev: data + '/dev-v1.1.json',
  test(language): data + '/xquad.' + language + '.json',
})
