// The demo: every method on the embedded corpus of named entities, with two seeds; about three minutes on two cores.
// Run:  allennlp distill training_configs/experiments/demo.jsonnet -s demo-output --include-package skd_plugin
local task = import '../demo/task.libsonnet';
local experiment = import '../lib/experiment.libsonnet';

experiment.experiment(task, 'The demo: named entities of a miniature corpus', [1, 2], experiment.labelled(task))
