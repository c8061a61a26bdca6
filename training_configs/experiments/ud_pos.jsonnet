// UPOS tagging of Universal Dependencies: the eight languages of Wang et al. (ACL 2020), all methods, and six languages of
// which there is a test set alone.
// Data: one folder a language, as ud_pos/task.libsonnet says, and zero-shot/de_gsd-ud-test.conllu and so on beside them.
// Run:  SKD_DATA=data/ud-pos allennlp distill training_configs/experiments/ud_pos.jsonnet -s runs/ud_pos --include-package skd_plugin
local experiment = import '../lib/experiment.libsonnet';
local settings = import '../lib/settings.libsonnet';
local all = import '../ud_pos/task.libsonnet';

local treebanks = { bg: 'bg_btb', de: 'de_gsd', es: 'es_gsd', eu: 'eu_bdt', tr: 'tr_imst', uk: 'uk_iu' };
local zero_shot(language) =
  assert std.objectHas(treebanks, language) : 'no treebank of "%s" in experiments/ud_pos.jsonnet' % language;
  '%s/zero-shot/%s-ud-test.conllu' % [settings.data('data/ud-pos'), treebanks[language]];

local task = experiment.sized(all);
experiment.experiment(
  task,
  'Part-of-speech tagging of Universal Dependencies',
  experiment.seeds(2),
  experiment.labelled(task),
  { [language]: zero_shot(language) for language in settings.zero_shot(std.objectFields(treebanks)) },
)
