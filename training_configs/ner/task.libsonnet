// Named entities in columns, one folder a language: <data>/en/train.txt, <data>/en/dev.txt, <data>/en/test.txt, ...
local settings = import '../lib/settings.libsonnet';
local task = import '../lib/task.libsonnet';

local data = settings.data('data/ner');

task('ner') {
  reader: { type: 'conll_tagging', source_encoding: 'BIO', label_encoding: 'BIO' },
  label_encoding: 'BIO',
  min_count: 2,  // what is seen once teaches what to make of unknown words, as most names are: 10 points of F1 with 500 sentences
  metric: 'macro_f1',
  languages: settings.languages(['de', 'en', 'es', 'nl']),
  path(language, split): data + '/' + language + '/' + split + '.txt',
}
