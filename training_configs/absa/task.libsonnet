// Opinion targets in columns (TOKEN ... TAG, one type, TARGET), one folder a language: <data>/ca/train.txt, <data>/ca/dev.txt, <data>/ca/test.txt, ...
//
// Data: reviews of hotels in Catalan and Basque (MultiBooked, CC BY), and reviews of many kinds in Norwegian (NoReC_fine, CC BY-NC), as JSON
// at https://github.com/jerbarnes/semeval22_structured_sentiment: the words of `text`, at blanks, and every contiguous piece of an
// opinion's Target as a span, in BIO.
// Run:  SKD_DATA=data/absa allennlp distill training_configs/experiments/absa.jsonnet -s runs/absa --include-package skd_plugin
local settings = import '../lib/settings.libsonnet';
local task = import '../lib/task.libsonnet';

local data = settings.data('data/absa');

task('absa') {
  reader: { type: 'conll_tagging', source_encoding: 'BIO', label_encoding: 'BIO' },
  label_encoding: 'BIO',
  metric: 'macro_f1',
  languages: settings.languages(['ca', 'eu', 'no']),
  path(language, split): data + '/' + language + '/' + split + '.txt',
}
