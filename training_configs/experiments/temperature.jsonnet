// How soft the teachers' answers: emission and posterior distillation at several temperatures. UPOS tagging, four languages.
// Data: one folder a language, as ud_pos/task.libsonnet says.
// Run:  SKD_DATA=data/ud-pos allennlp distill training_configs/experiments/temperature.jsonnet -s runs/temperature --include-package skd_plugin
local experiment = import '../lib/experiment.libsonnet';
local settings = import '../lib/settings.libsonnet';
local all = import '../ud_pos/task.libsonnet';

local task = experiment.sized(all { languages: settings.languages(['en', 'fa', 'he', 'id']) });
local of_temperature(method, temperature) =
  experiment.student(task, '%s_%d' % [method, temperature], [{ type: method, temperature: temperature }], {
    group: method,
    ablation: { of: method, parameter: 'temperature', value: temperature },
  });
experiment.experiment(
  task,
  'The temperature of the teachers: part-of-speech tagging',
  experiment.seeds(2),
  experiment.labelled(task, [])
  + [of_temperature(method, temperature) for method in ['emission', 'posterior'] for temperature in [1, 2, 4, 8]],
)
