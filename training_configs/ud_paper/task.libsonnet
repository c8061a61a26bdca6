// UPOS tagging of exactly the treebanks of Wang et al. (ACL 2020); ud_pos takes larger ones of Slovenian and French.
//
// Data: a release of Universal Dependencies (https://universaldependencies.org), free; each treebank has a licence of its own (LICENSE.txt).
// Files, named as they come: <data>/UD_English-EWT/en_ewt-ud-train.conllu, and so on. Before v2.15 Slovenian SST may lack a dev set.
// Run:  SKD_DATA=data/ud-treebanks-v2.15 allennlp distill training_configs/experiments/ud_paper.jsonnet -s runs/ud_paper --include-package skd_plugin
local settings = import '../lib/settings.libsonnet';
local task = import '../lib/task.libsonnet';
local ud_pos = import '../ud_pos/task.libsonnet';

local data = settings.data('data/ud-treebanks');
local treebanks = {
  en: 'UD_English-EWT/en_ewt',
  fa: 'UD_Persian-Seraji/fa_seraji',
  fr: 'UD_French-Sequoia/fr_sequoia',
  he: 'UD_Hebrew-HTB/he_htb',
  id: 'UD_Indonesian-GSD/id_gsd',
  ja: 'UD_Japanese-GSD/ja_gsd',
  sl: 'UD_Slovenian-SST/sl_sst',
  ta: 'UD_Tamil-TTB/ta_ttb',
};

task('ud_paper') {
  reader: ud_pos.reader,
  label_encoding: ud_pos.label_encoding,
  metric: ud_pos.metric,
  labels: ud_pos.labels,
  languages: settings.languages(std.objectFields(treebanks)),
  path(language, split):
    assert std.objectHas(treebanks, language) : 'no treebank of "%s" in ud_paper/task.libsonnet' % language;
    data + '/' + treebanks[language] + '-ud-' + split + '.conllu',
}
