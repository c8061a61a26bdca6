// MMKD (Li et al., EMNLP 2022): how well an encoder from scratch finds translations, with each of the four levels alone, without each, and
// with all. The baseline learns hidden words of each side by itself, a control without a signal across languages.
// Parallel text: data/parallel/{train,dev,test}.tsv, a column a language (in RESULTS.md that of Multi30k and other corpora, which
// benchmarks/parallel_data.py puts there). Needs an English sentence encoder, SKD_TRANSFORMER, and a tokenizer:
//       allennlp train-tokenizer "$SKD_PARALLEL"/train.tsv -s runs/mmkd/tokenizer --size 16000 --reader '{"type": "parallel_text", "skip_empty": true}'
// Run:  SKD_TRANSFORMER=minilm SKD_PARALLEL=data/parallel allennlp distill training_configs/experiments/mmkd.jsonnet -s runs/mmkd --include-package skd_plugin
local encoders = import '../lib/encoders.libsonnet';
local settings = import '../lib/settings.libsonnet';
local encoder = import '../mmkd/encoder.libsonnet';
local objectives = import '../mmkd/objectives.libsonnet';
local all = import '../mmkd/task.libsonnet';

// All seeds ask the teacher together: in the folder of none of them.
local knowledge = std.split(settings.knowledge('seed-0/knowledge'), '/');
local together = std.join('/', knowledge[0:std.length(knowledge) - 2] + ['seed-0', 'knowledge']);
local task = all { embeddings: together, layers: encoders.bilstm(self.dim, self.dim / 2) };

// All learn for as many updates.
local trained(objectives) = encoder(task, objectives) + {
  data_loader+: { batches_per_epoch: 300 },
  trainer+: {
    num_epochs: settings.epochs(2),
    patience: null,
    optimizer+: { lr: 0.01 },
    learning_rate_scheduler+: { warmup_steps: 100 },
  },
};
local once = { data_loader+: { batches_per_epoch: 1 }, trainer+: { num_epochs: 1, optimizer+: { lr: 0 } } };
local of_each_side = { model+: { hide_in: 'side' } };
local method(name, group, config, against=['baseline']) = { name: name, group: group, config: config, against: against };

local names = objectives.names;
local rivals = names + ['without_' + name for name in names];
{
  title: 'MMKD: translations found by an encoder from scratch',
  seeds: [1, 2, 3],
  label_encoding: null,
  metric: 'p_at_1',
  evaluation: {
    test: { [language]: task.parallel + '/test.tsv' for language in ['de', 'fr', 'cs'] },
    zero_shot: { [pair]: task.parallel + '/test.tsv' for pair in ['de-fr', 'cs-de', 'cs-fr'] },
  },
  methods:
    [
      method('baseline', 'controls', trained(objectives.alone('token')) + of_each_side, []),
      method('untrained', 'controls', trained(objectives.alone('token')) + once),
    ]
    + [method(name, 'one level', trained(objectives.alone(name))) for name in names]
    + [method('without_' + name, 'all but one', trained(objectives.without(name))) for name in names]
    + [
      method('all', 'all levels', trained(objectives.all), ['baseline', 'unweighted', 'uncertainty'] + rivals),
      method('unweighted', 'all levels', trained(objectives.unweighted)),
      method('uncertainty', 'all levels', trained(objectives.unweighted) + { model+: { balance: 'uncertainty' } }),
    ],
}
