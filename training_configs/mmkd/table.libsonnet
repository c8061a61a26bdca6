// An experiment of taggers above encoders of the experiment mmkd, with the same seeds: one that has learnt nothing (the baseline), one that
// learnt hidden words of each side by itself, one that is aligned at all levels; and for comparison words and characters from scratch.
// They learn from a few sentences a language, and from English alone, and are evaluated in all languages.
//
// task: of a task.libsonnet; few, english: how many sentences a language, and of English alone
local embedders = import '../lib/embedders.libsonnet';
local experiment = import '../lib/experiment.libsonnet';
local recipes = import '../lib/recipes.libsonnet';
local settings = import '../lib/settings.libsonnet';
local tagger = import '../lib/tagger.libsonnet';
local mmkd = import 'task.libsonnet';

local encoders = { baseline: 'untrained', hidden_words: 'baseline', mmkd: 'all' };
local against = { baseline: [], hidden_words: ['baseline'], mmkd: ['baseline', 'hidden_words'], words: ['baseline'] };

function(title, task, few=100, english=1000)
  local of_encoder(name) =
    local archive = '%s/seed-%d/%s/model.tar.gz' % [settings.encoder('runs/mmkd'), settings.seed, encoders[name]];
    embedders.archived(archive, mmkd.dim, lr=0.001);
  local embedder(name) = if name == 'words' then embedders.words_and_characters() else of_encoder(name);
  local above(task, name) =
    local size = { embedder: embedder(name), [if name == 'words' then 'hidden_dim']: 128 };
    tagger(task, task.languages, size, recipes.fast(size.embedder)) + experiment.without_test;
  local names = ['baseline', 'hidden_words', 'mmkd', 'words'];
  local group(title, task, suffix) = [
    {
      name: name + suffix,
      group: title,
      config: above(task, name),
      against: [other + suffix for other in against[name]],
    }
    for name in names
  ];
  {
    title: title,
    seeds: [1, 2, 3],
    label_encoding: task.label_encoding,
    evaluation: { test: { [language]: task.path(language, 'test') for language in task.languages } },
    methods:
      group('%d sentences a language' % few, task { train_sentences: few }, '')
      + group('English alone', task { languages: ['en'], train_sentences: english }, '_english'),
  }
