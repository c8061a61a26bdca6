// UPOS tagging of the eight treebanks of the paper, one folder a language: <data>/en/en_ewt-ud-train.conllu, ...
local settings = import '../lib/settings.libsonnet';
local embedders = import '../lib/embedders.libsonnet';
local recipes = import '../lib/recipes.libsonnet';

local treebanks = {
  en: 'en_ewt', fa: 'fa_seraji', fr: 'fr_gsd', he: 'he_htb', id: 'id_gsd', ja: 'ja_gsd', sl: 'sl_ssj', ta: 'ta_ttb',
};
// All of them, since a small treebank does not have every one in every split.
local upos = [
  'ADJ', 'ADP', 'ADV', 'AUX', 'CCONJ', 'DET', 'INTJ', 'NOUN', 'NUM', 'PART', 'PRON', 'PROPN', 'PUNCT', 'SCONJ', 'SYM', 'VERB', 'X',
];
local data = settings.data('data/ud-pos');

// A transformer in place of words and characters is this one line: embedders.transformer('bert-base-multilingual-cased', 768)
local embedder = embedders.words_and_characters();

{
  reader: { type: 'conllu_tagging', column: 'upos' },
  label_encoding: null,
  metric: 'macro_accuracy',
  labels: upos,
  languages: settings.languages(std.objectFields(treebanks)),
  path(language, split):
    assert std.objectHas(treebanks, language) : 'no treebank of "%s" in ud_pos/task.libsonnet' % language;
    '%s/%s/%s-ud-%s.conllu' % [data, language, treebanks[language], split],

  teacher_size: { embedder: embedder, hidden_dim: 128 },
  student_size: { embedder: embedder, hidden_dim: 128 },
  teacher_recipe: recipes[settings.recipe](embedder),
  student_recipe: recipes[settings.recipe](embedder),
  teachers: settings.teachers('runs/ud_pos/teachers'),
  knowledge: settings.knowledge('runs/ud_pos/knowledge'),
}
