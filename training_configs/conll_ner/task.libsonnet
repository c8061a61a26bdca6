// Named entities (PER, LOC, ORG, MISC) of the news of CoNLL-2002 (Spanish, Dutch) and CoNLL-2003 (English, German): Wang et al. (ACL 2020).
//
// Data: https://www.clips.uantwerpen.be/conll2002/ner/ has Spanish and Dutch, for research. https://www.clips.uantwerpen.be/conll2003/ner/
// has the annotation of English and German alone: the words are in the Reuters Corpus (NIST, by a signed agreement) and in the ECI
// Multilingual Text CD (LDC94T5, bought or by membership), and the scripts there join the two.
// Files, named as they come, all in <data>: eng.train, eng.testa (dev), eng.testb (test), and so deu.*, esp.*, ned.*.
// They are read as they come, in latin-1 or in UTF-8, with two columns (esp) to five (deu), and with either way of tagging: German and
// English of 2003 are in IOB1, the others in IOB2, which reads the same as IOB1.
// Run:  SKD_DATA=data/conll_ner allennlp distill training_configs/experiments/conll_ner.jsonnet -s runs/conll_ner --include-package skd_plugin
local settings = import '../lib/settings.libsonnet';
local task = import '../lib/task.libsonnet';

local data = settings.data('data/conll_ner');
local names = { de: 'deu', en: 'eng', es: 'esp', nl: 'ned' };
local endings = { train: 'train', dev: 'testa', test: 'testb' };

task('conll_ner') {
  reader: { type: 'conll_tagging', source_encoding: 'IOB1', label_encoding: 'BIO', allow_latin_1: true },
  label_encoding: 'BIO',
  min_count: 2,  // as ner/task.libsonnet says
  metric: 'macro_f1',
  languages: settings.languages(std.objectFields(names)),
  path(language, split):
    assert std.objectHas(names, language) : 'no corpus of "%s" in conll_ner/task.libsonnet' % language;
    data + '/' + names[language] + '.' + endings[split],
}
