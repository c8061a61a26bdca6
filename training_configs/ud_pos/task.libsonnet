// UPOS tagging of the eight treebanks of the paper, one folder a language: <data>/en/en_ewt-ud-train.conllu, ...
local settings = import '../lib/settings.libsonnet';
local task = import '../lib/task.libsonnet';

local treebanks = {
  en: 'en_ewt', fa: 'fa_seraji', fr: 'fr_gsd', he: 'he_htb', id: 'id_gsd', ja: 'ja_gsd', sl: 'sl_ssj', ta: 'ta_ttb',
};
// Of these there is a test set alone, in <data>/zero-shot.
local test_treebanks = { bg: 'bg_btb', de: 'de_gsd', es: 'es_gsd', eu: 'eu_bdt', tr: 'tr_imst', uk: 'uk_iu' };
// All of them, since a small treebank does not have every one in every split.
local upos = [
  'ADJ', 'ADP', 'ADV', 'AUX', 'CCONJ', 'DET', 'INTJ', 'NOUN', 'NUM', 'PART', 'PRON', 'PROPN', 'PUNCT', 'SCONJ', 'SYM', 'VERB', 'X',
];
local data = settings.data('data/ud-pos');

task('ud_pos') {
  reader: { type: 'conllu_tagging', column: 'upos' },
  label_encoding: null,
  metric: 'macro_accuracy',
  labels: upos,
  languages: settings.languages(std.objectFields(treebanks)),
  path(language, split):
    assert std.objectHas(treebanks, language) : 'no treebank of "%s" in ud_pos/task.libsonnet' % language;
    data + '/' + language + '/' + treebanks[language] + '-ud-' + split + '.conllu',
  zero_shot(languages=settings.zero_shot(std.objectFields(test_treebanks))):
    local path(language) =
      assert std.objectHas(test_treebanks, language) : 'no test treebank of "%s" in ud_pos/task.libsonnet' % language;
      data + '/zero-shot/' + test_treebanks[language] + '-ud-test.conllu';
    { [language]: path(language) for language in languages },
}
