// Named entities in columns, one folder a language: <data>/en/train.txt, <data>/en/dev.txt, <data>/en/test.txt, ...
local settings = import '../lib/settings.libsonnet';
local embedders = import '../lib/embedders.libsonnet';
local recipes = import '../lib/recipes.libsonnet';

local data = settings.data('data/ner');

// A transformer in place of words and characters is this one line: embedders.transformer('bert-base-multilingual-cased', 768)
local embedder = embedders.words_and_characters();

{
  reader: { type: 'conll_tagging', source_encoding: 'BIO', label_encoding: 'BIO' },
  label_encoding: 'BIO',
  metric: 'macro_f1',
  labels: [],
  languages: settings.languages(['de', 'en', 'es', 'nl']),
  path(language, split): '%s/%s/%s.txt' % [data, language, split],

  teacher_size: { embedder: embedder, hidden_dim: 128 },
  student_size: { embedder: embedder, hidden_dim: 128 },
  teacher_recipe: recipes[settings.recipe](embedder),
  student_recipe: recipes[settings.recipe](embedder),
  teachers: settings.teachers('runs/ner/teachers'),
  knowledge: settings.knowledge('runs/ner/knowledge'),
}
