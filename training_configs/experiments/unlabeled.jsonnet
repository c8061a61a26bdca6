// Unlabelled text beside labelled text, with the two controls that any gain must beat: a baseline with as many updates, and the
// teachers' best paths taken for gold. UPOS tagging, four languages.
// Data: one folder a language, as ud_pos/task.libsonnet says; what the first sentences of the training files leave is the
// unlabelled text, its tags withheld, or that of SKD_UNLABELED.
// Run:  SKD_DATA=data/ud-pos allennlp distill training_configs/experiments/unlabeled.jsonnet -s runs/unlabeled --include-package skd_plugin
local experiment = import '../lib/experiment.libsonnet';
local settings = import '../lib/settings.libsonnet';
local all = import '../ud_pos/task.libsonnet';

local task = experiment.with_text_left(experiment.sized(all { languages: settings.languages(['en', 'fa', 'he', 'id']) }));
experiment.experiment(
  task,
  'Unlabelled text beside labelled text: part-of-speech tagging',
  experiment.seeds(2),
  experiment.labelled(task, ['posterior', 'structural']) + experiment.with_text(task),
)
