// How a tagger is trained: what goes into the model, the data loader and the trainer.
local settings = import 'settings.libsonnet';

// CRF transitions learn at a rate of their own beside a fine-tuned transformer; all other rules come first.
local groups(embedder, transitions_lr) =
  embedder.parameter_groups + (if embedder.parameter_groups == [] then [] else [[['^crf\\.'], { lr: transitions_lr }]]);

{
  // Wang et al. (ACL 2020): SGD at 0.1, halved on a plateau; word dropout; batches of about 2000 words.
  paper(embedder): {
    model: { dropout: 0.5, word_dropout: 0.05 },
    data_loader: {
      batch_sampler: { type: 'max_tokens_sampler', max_tokens: 2000, sorting_keys: ['tokens'], padding_noise: 0.1 },
    },
    trainer: {
      optimizer: { type: 'sgd', lr: 0.1, [if groups(embedder, 0.1) != [] then 'parameter_groups']: groups(embedder, 0.1) },
      learning_rate_scheduler: { type: 'reduce_on_plateau', factor: 0.5, patience: 10, mode: 'max' },
      num_epochs: settings.epochs(300),
      patience: 40,
      grad_norm: 5.0,
    },
  },

  // Adam, for small data and little time; halved after `plateau` epochs without progress.
  fast(embedder, lr=0.003, epochs=30, batch_size=32, plateau=2): {
    model: { dropout: 0.3, word_dropout: 0.05 },
    data_loader: { batch_sampler: { type: 'bucket', batch_size: batch_size, sorting_keys: ['tokens'], padding_noise: 0.1 } },
    trainer: {
      optimizer: { type: 'fused_adam', lr: lr, [if groups(embedder, lr) != [] then 'parameter_groups']: groups(embedder, lr) },
      learning_rate_scheduler: { type: 'reduce_on_plateau', factor: 0.5, patience: plateau, mode: 'max' },
      num_epochs: settings.epochs(epochs),
      patience: 10,
      grad_norm: 5.0,
    },
  },
}
