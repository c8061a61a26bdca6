// Named entities in columns: all methods. SKD_LANGUAGES=de,en,es,fr,nl,ru for WikiNEuRal, en,hr,sk,sr,zh for Universal NER.
// Data: one folder a language, as ner/task.libsonnet says.
// Run:  SKD_DATA=data/ner SKD_LANGUAGES=de,en,es,fr,nl,ru allennlp distill training_configs/experiments/ner.jsonnet -s runs/ner --include-package skd_plugin
local experiment = import '../lib/experiment.libsonnet';

local task = experiment.sized(import '../ner/task.libsonnet');
experiment.experiment(task, 'Named entity recognition', experiment.seeds(2), experiment.labelled(task))
