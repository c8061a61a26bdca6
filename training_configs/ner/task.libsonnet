// Named entities in columns, one folder a language: <data>/en/train.txt, <data>/en/dev.txt, <data>/en/test.txt, ...
local settings = import '../lib/settings.libsonnet';
local task = import '../lib/task.libsonnet';

local data = settings.data('data/ner');

task('ner') {
  reader: { type: 'conll_tagging', source_encoding: 'BIO', label_encoding: 'BIO' },
  label_encoding: 'BIO',
  metric: 'macro_f1',
  languages: settings.languages(['de', 'en', 'es', 'nl']),
  path(language, split): data + '/' + language + '/' + split + '.txt',
}
