// All methods and controls in one table: named entities in three languages of three scripts, five seeds, zero-shot on three more
// languages; about an hour on two cores.
// Data: one folder a language, as ner/task.libsonnet says: hr, zh and sr of Universal NER, ru, de and en of WikiNEuRal. What the
// first sentences of the training files leave is the unlabelled text, its tags withheld.
// Run:  SKD_DATA=data/ner allennlp distill training_configs/experiments/results_ner.jsonnet -s runs/results_ner --include-package skd_plugin
local experiment = import '../lib/experiment.libsonnet';
local settings = import '../lib/settings.libsonnet';
local all = import '../ner/task.libsonnet';

local task = experiment.with_text_left(
  experiment.sized(all { languages: settings.languages(['hr', 'ru', 'zh']) }, sentences=500, epochs=16, teacher_epochs=30),
  unlabelled=1500
) + { schedule: { type: 'constant', weight: 0.5 } };  // by linear_by_epoch, 16 epochs are nearly all teacher
experiment.experiment(
  task,
  'Results: named entity recognition',
  [1, 2, 3, 4, 5],
  experiment.whole_table(task, perturbed=false),
  { [language]: task.path(language, 'test') for language in settings.zero_shot(['de', 'en', 'sr']) },
)
