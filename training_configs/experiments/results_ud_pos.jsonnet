// All methods and controls in one table: UPOS tagging of four languages, five seeds, zero-shot on six more languages; about an hour
// on two cores.
// Data: as experiments/ud_pos.jsonnet; what the first sentences of the training files leave is the unlabelled text, its tags withheld.
// Run:  SKD_DATA=data/ud-pos allennlp distill training_configs/experiments/results_ud_pos.jsonnet -s runs/results_ud_pos --include-package skd_plugin
local experiment = import '../lib/experiment.libsonnet';
local settings = import '../lib/settings.libsonnet';
local all = import '../ud_pos/task.libsonnet';

local task = experiment.with_text_left(
  experiment.sized(all { languages: settings.languages(['en', 'fa', 'he', 'id']) }, sentences=400, epochs=16, teacher_epochs=30),
  unlabelled=1600
) + { schedule: { type: 'constant', weight: 0.5 } };  // by linear_by_epoch, 16 epochs are nearly all teacher
experiment.experiment(
  task,
  'Results: part-of-speech tagging of Universal Dependencies',
  [1, 2, 3, 4, 5],
  experiment.whole_table(task),
  all.zero_shot(),
)
