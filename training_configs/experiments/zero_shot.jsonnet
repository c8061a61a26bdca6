// Languages that neither teachers nor students have seen: students of four languages, evaluated on those and on others.
// Named entities, as WikiNEuRal has them.
// Data: one folder a language, as ner/task.libsonnet says; of a zero-shot language just its test.txt.
// Run:  SKD_DATA=data/ner allennlp distill training_configs/experiments/zero_shot.jsonnet -s runs/zero_shot --include-package skd_plugin
local experiment = import '../lib/experiment.libsonnet';
local settings = import '../lib/settings.libsonnet';
local all = import '../ner/task.libsonnet';

local task = experiment.sized(all { languages: settings.languages(['de', 'en', 'es', 'nl']) }, sentences=1000);
experiment.experiment(
  task,
  'Languages without training data: named entity recognition',
  experiment.seeds(2),
  experiment.labelled(task),
  { [language]: task.path(language, 'test') for language in settings.zero_shot(['fr', 'ru']) },
)
