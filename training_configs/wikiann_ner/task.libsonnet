// Named entities (PER, LOC, ORG) of Wikipedia in eight languages, labelled automatically (Pan et al., ACL 2017): Wang et al. (ACL 2020).
//
// Data: the balanced train, dev and test sets of Rahimi et al. (ACL 2019), https://github.com/afshinrahimi/mmner, one archive a
// language; text of Wikipedia (CC BY-SA), and no licence of the annotation is stated.
// Files: each archive unpacked in a folder of its own: <data>/en/train, <data>/en/dev, <data>/en/test, and so on, of lines such as
// en:London<tab>B-LOC. The prefix is cut. An I- tag that continues nothing begins a span, as in conlleval.
// The paper drew 5,000 sentences a language at random (English 10,000), divided 8:1:1; SKD_TRAIN_SENTENCES=4000 reads about as many.
// Run:  SKD_DATA=data/wikiann allennlp distill training_configs/experiments/wikiann_ner.jsonnet -s runs/wikiann_ner --include-package skd_plugin
local settings = import '../lib/settings.libsonnet';
local task = import '../lib/task.libsonnet';

local data = settings.data('data/wikiann');

task('wikiann_ner') {
  reader: { type: 'conll_tagging', source_encoding: 'IOB1', label_encoding: 'BIO', language_prefix: true },
  label_encoding: 'BIO',
  min_count: 2,  // as ner/task.libsonnet says
  metric: 'macro_f1',
  languages: settings.languages(['en', 'eu', 'fa', 'fr', 'he', 'id', 'sl', 'ta']),
  path(language, split): data + '/' + language + '/' + split,
}
