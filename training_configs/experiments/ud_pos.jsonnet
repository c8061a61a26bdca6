// UPOS tagging of Universal Dependencies: the eight languages of Wang et al. (ACL 2020), all methods, and six languages of
// which there is a test set alone.
// Data: one folder a language, as ud_pos/task.libsonnet says, and zero-shot/de_gsd-ud-test.conllu and so on beside them.
// Run:  SKD_DATA=data/ud-pos allennlp distill training_configs/experiments/ud_pos.jsonnet -s runs/ud_pos --include-package skd_plugin
local experiment = import '../lib/experiment.libsonnet';
local all = import '../ud_pos/task.libsonnet';

local task = experiment.sized(all);
experiment.experiment(
  task,
  'Part-of-speech tagging of Universal Dependencies',
  experiment.seeds(2),
  experiment.labelled(task),
  all.zero_shot(),
)
