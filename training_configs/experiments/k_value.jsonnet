// How many best paths: Top-K and Top-WK with K from 1 to 50, beside all paths at once (structural). UPOS tagging, four languages.
// Data: one folder a language, as ud_pos/task.libsonnet says.
// Run:  SKD_DATA=data/ud-pos allennlp distill training_configs/experiments/k_value.jsonnet -s runs/k_value --include-package skd_plugin
local experiment = import '../lib/experiment.libsonnet';
local settings = import '../lib/settings.libsonnet';
local all = import '../ud_pos/task.libsonnet';

local task = experiment.sized(all { languages: settings.languages(['en', 'fa', 'he', 'id']) });
local of_k(method, k) = experiment.student(task, '%s_%d' % [method, k], [{ type: method, k: k }], {
  group: method,
  ablation: { of: method, parameter: 'k', value: k },
});
experiment.experiment(
  task,
  'The number of best paths: part-of-speech tagging',
  experiment.seeds(2),
  experiment.labelled(task, ['structural'])
  + [of_k(method, k) for method in ['top_k', 'weighted_top_k'] for k in [1, 2, 5, 10, 20, 50]],
)
