// The eight languages of WikiAnn of Wang et al. (ACL 2020), all methods.
// Data: where to get them and how to lay them out, wikiann_ner/task.libsonnet says.
// Run:  SKD_DATA=data/wikiann_ner SKD_SIZE=full allennlp distill training_configs/experiments/wikiann_ner.jsonnet -s runs/wikiann_ner --include-package skd_plugin
local experiment = import '../lib/experiment.libsonnet';

local task = experiment.sized(import '../wikiann_ner/task.libsonnet');
experiment.experiment(task, 'Named entities of WikiAnn', experiment.seeds(2), experiment.labelled(task))
