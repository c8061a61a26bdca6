// Opinion targets of reviews in Catalan, Basque and Norwegian: all methods.
// Data: one folder a language, as absa/task.libsonnet says.
// Run:  SKD_DATA=data/absa allennlp distill training_configs/experiments/absa.jsonnet -s runs/absa --include-package skd_plugin
local experiment = import '../lib/experiment.libsonnet';

local task = experiment.sized(import '../absa/task.libsonnet', sentences=1000);
experiment.experiment(task, 'Opinion targets of reviews', experiment.seeds(3), experiment.labelled(task))
