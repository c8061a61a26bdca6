// One teacher a language, or the mixture of three that differ in their seeds: what a single teacher says of its own training sentences
// is little more than gold; where three differ, they say what is hard. UPOS tagging, four languages.
// Data: one folder a language, as ud_pos/task.libsonnet says.
// Run:  SKD_DATA=data/ud-pos allennlp distill training_configs/experiments/teacher_ensembles.jsonnet -s runs/teacher_ensembles --include-package skd_plugin
local experiment = import '../lib/experiment.libsonnet';
local settings = import '../lib/settings.libsonnet';
local all = import '../ud_pos/task.libsonnet';

local task = experiment.sized(all { languages: settings.languages(['en', 'fa', 'he', 'id']) });
experiment.experiment(
  task,
  'One teacher a language or three: part-of-speech tagging',
  experiment.seeds(2),
  experiment.labelled(task) + experiment.of_ensemble(task),
) + experiment.other_seeds(task)
