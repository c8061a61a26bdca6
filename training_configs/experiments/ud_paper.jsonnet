// The eight treebanks of Wang et al. (ACL 2020), all methods.
// Data: where to get them and how to lay them out, ud_paper/task.libsonnet says.
// Run:  SKD_DATA=data/ud_paper SKD_SIZE=full allennlp distill training_configs/experiments/ud_paper.jsonnet -s runs/ud_paper --include-package skd_plugin
local experiment = import '../lib/experiment.libsonnet';

local task = experiment.sized(import '../ud_paper/task.libsonnet');
experiment.experiment(task, 'Part-of-speech tagging: eight treebanks', experiment.seeds(2), experiment.labelled(task))
