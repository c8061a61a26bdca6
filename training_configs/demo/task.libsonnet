// The embedded corpus of named entities, and sizes that two cores train in seconds.
local settings = import '../lib/settings.libsonnet';
local embedders = import '../lib/embedders.libsonnet';
local recipes = import '../lib/recipes.libsonnet';
local task = import '../lib/task.libsonnet';

local data = settings.data('fixtures/ner');
local embedder = embedders.words_and_characters(word_dim=32, character_dim=16, num_filters=32);

task('demo', embedder) {
  reader: { type: 'conll_tagging', source_encoding: 'BIO', label_encoding: 'BIO' },
  label_encoding: 'BIO',
  metric: 'macro_f1',
  languages: settings.languages(['de', 'en', 'ru', 'zh']),
  path(language, split): data + '/' + language + '/' + split + '.txt',

  teacher_size: { embedder: embedder, hidden_dim: 48 },
  student_size: { embedder: embedder, hidden_dim: 64 },
  // A teacher has a quarter of the data: smaller batches and more epochs give it as many updates.
  teacher_recipe: recipes.fast(embedder, lr=0.005, epochs=40, batch_size=8),
  student_recipe: recipes.fast(embedder, lr=0.005, epochs=20, batch_size=16, plateau=5),
  teachers: settings.teachers('demo-output/teachers'),
  knowledge: settings.knowledge('demo-output/knowledge'),
}
