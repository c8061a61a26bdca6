// The four languages of CoNLL-2002 and CoNLL-2003 of Wang et al. (ACL 2020), all methods.
// Data: where to get them and how to lay them out, conll_ner/task.libsonnet says.
// Run:  SKD_DATA=data/conll_ner SKD_SIZE=full allennlp distill training_configs/experiments/conll_ner.jsonnet -s runs/conll_ner --include-package skd_plugin
local experiment = import '../lib/experiment.libsonnet';

local task = experiment.sized(import '../conll_ner/task.libsonnet');
experiment.experiment(task, 'Named entities of CoNLL-2002 and CoNLL-2003', experiment.seeds(2), experiment.labelled(task))
