// The five languages of SemEval-2016 task 5 of Wang et al. (ACL 2020), all methods.
// Data: where to get them and how to lay them out, semeval_absa/task.libsonnet says.
// Run:  SKD_DATA=data/semeval_absa SKD_SIZE=full allennlp distill training_configs/experiments/semeval_absa.jsonnet -s runs/semeval_absa --include-package skd_plugin
local experiment = import '../lib/experiment.libsonnet';

local task = experiment.sized(import '../semeval_absa/task.libsonnet');
experiment.experiment(task, 'Opinion targets of SemEval-2016', experiment.seeds(2), experiment.labelled(task))
