// Students of weaker teachers, of a quarter of the sentences (at full size 1,000 a language) and a fraction of the size, beside those of strong ones, as in
// Wang et al. (ACL 2020). UPOS tagging, four languages.
// Data: one folder a language, as ud_pos/task.libsonnet says.
// Run:  SKD_DATA=data/ud-pos allennlp distill training_configs/experiments/weaker_teachers.jsonnet -s runs/weaker_teachers --include-package skd_plugin
local experiment = import '../lib/experiment.libsonnet';
local settings = import '../lib/settings.libsonnet';
local all = import '../ud_pos/task.libsonnet';

local task = experiment.sized(all { languages: settings.languages(['en', 'fa', 'he', 'id']) });
local weak = task {
  train_sentences: if task.train_sentences == null then 1000 else std.ceil(task.train_sentences / 4),
  teacher_size: task.teacher_size { hidden_dim: 16 },
};
local from_weak(method) = method {
  name: method.name + '_weak',
  group: 'of weak teachers',
};
local of_strong = experiment.labelled(task);
local of_weak = experiment.labelled(task { teachers: task.teachers + '/weak' })[1:];
experiment.experiment(
  task,
  'Weaker teachers: part-of-speech tagging',
  experiment.seeds(2),
  of_strong + [from_weak(method) for method in of_weak],
) + experiment.further_teachers('weak', weak)
