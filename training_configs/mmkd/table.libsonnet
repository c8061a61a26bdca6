// An experiment of taggers above encoders of the experiment mmkd, with the same seeds: one that has learnt nothing (the baseline), one that
// learnt hidden words of each side by itself, one that is aligned at all levels; and for comparison words and characters from scratch.
//
// task: of a task.libsonnet; seen: in which of its languages the taggers have sentences, the others being zero-shot
local embedders = import '../lib/embedders.libsonnet';
local experiment = import '../lib/experiment.libsonnet';
local recipes = import '../lib/recipes.libsonnet';
local settings = import '../lib/settings.libsonnet';
local tagger = import '../lib/tagger.libsonnet';
local mmkd = import 'task.libsonnet';

local encoders = { baseline: 'untrained', hidden_words: 'baseline', mmkd: 'all' };
local against = { baseline: [], hidden_words: ['baseline'], mmkd: ['baseline', 'hidden_words'], words: ['baseline'] };

function(title, task, seen=task.languages)
  local of_encoder(name) =
    local archive = '%s/seed-%d/%s/model.tar.gz' % [settings.encoder('runs/mmkd'), settings.seed, encoders[name]];
    embedders.archived(archive, mmkd.dim, lr=0.003);
  local embedder(name) = if name == 'words' then embedders.words_and_characters() else of_encoder(name);
  local above(name) =
    local size = { embedder: embedder(name), [if name == 'words' then 'hidden_dim']: 128 };
    // In batches of 32, a hundred sentences give too few updates an epoch: patience would end before anything is found.
    local batch_size = if task.train_sentences < 500 then 8 else 32;
    tagger(task, seen, size, recipes.fast(size.embedder, batch_size=batch_size)) + experiment.without_test;
  local tests(languages) = { [language]: task.path(language, 'test') for language in languages };
  local unseen = std.filter(function(language) !std.member(seen, language), task.languages);
  {
    title: title,
    seeds: [1, 2, 3],
    label_encoding: task.label_encoding,
    evaluation: { test: tests(seen), [if unseen != [] then 'zero_shot']: tests(unseen) },
    methods: [
      { name: name, config: above(name), against: against[name] }
      for name in ['baseline', 'hidden_words', 'mmkd', 'words']
    ],
  }
