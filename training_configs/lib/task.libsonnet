// What tasks have in common beside their data: sizes, recipes, and folders under runs/<name>.
// A transformer in place of words and characters is the line of a task with `embedder`:
// task('conll_ner', (import '../lib/embedders.libsonnet').transformer('bert-base-multilingual-cased', 768))
// Tasks join paths by `+`: jsonnet formats text so slowly that an experiment, whose configs name hundreds, took seconds to read.
local embedders = import 'embedders.libsonnet';
local recipes = import 'recipes.libsonnet';
local settings = import 'settings.libsonnet';

function(name, embedder=embedders.words_and_characters()) {
  labels: [],
  min_count: 1,  // how often a word must occur in training to have a vector of its own
  train_sentences: settings.train_sentences,  // of each file; null for all
  dev_sentences: null,
  unlabeled_sentences: settings.unlabeled_sentences,  // of each file of unlabelled text
  teacher_size: { embedder: embedder, hidden_dim: 128 },
  student_size: { embedder: embedder, hidden_dim: 128 },
  teacher_recipe: recipes[settings.recipe](embedder),
  student_recipe: recipes[settings.recipe](embedder),
  schedule: { type: 'linear_by_epoch', rate: 1.0 },  // of students: how much teacher and how much gold
  teachers: settings.teachers('runs/%s/teachers' % name),
  knowledge: settings.knowledge('runs/%s/knowledge' % name),
}
