// What the suites have in common: encoder and task are learnt from English alone, the epoch is chosen by English development data, and each
// language of SKD_LANGUAGES is tested (zero-shot transfer). SKD_TRAIN_SENTENCES limits the training instances.
//
// paths: { train, dev, test(language) }
local embedders = import '../lib/embedders.libsonnet';
local encoders = import '../lib/encoders.libsonnet';
local settings = import '../lib/settings.libsonnet';
local task = import 'task.libsonnet';

// texts: the two fields that are read together
local suite(paths, reader, model, metric, texts) =
  local embedder = embedders.archived(task.encoder, task.dim, lr=0.0001);
  local reading = reader { token_indexers: embedder.token_indexers };
  local loader(batch_size, shuffle) = {
    batch_sampler: { type: 'bucket', batch_size: batch_size, sorting_keys: texts, shuffle: shuffle },
  };
  {
    dataset_reader: reading { max_instances: settings.train_sentences },
    validation_dataset_reader: reading,
    train_data_path: { en: paths.train },
    validation_data_path: { en: paths.dev },
    test_data_path: { [language]: paths.test(language) for language in task.languages },
    evaluate_on_test: true,
    datasets_for_vocab_creation: ['train'],
    random_seed: settings.seed,
    numpy_seed: settings.seed,
    pytorch_seed: settings.seed,
    model: model {
      text_field_embedder: embedder.embedder,
      encoder: encoders.transformer(task.dim, num_layers=2),  // reads both texts together
      dropout: 0.1,
    },
    data_loader: loader(32, true),
    validation_data_loader: loader(64, false),
    trainer: {
      // Rates and epochs are guesses: choose them on your development set.
      optimizer: { type: 'fused_adam', lr: 0.0005, parameter_groups: embedder.parameter_groups },
      learning_rate_scheduler: { type: 'linear_with_warmup', warmup_steps: 500 },
      num_epochs: settings.epochs(10),
      patience: 3,
      grad_norm: 1.0,
      validation_metric: '+' + metric,
    },
  };

{
  // Pairs of sentences, and what they are to each other.
  pairs(paths):
    local layer = { input_dim: 4 * task.dim, num_layers: 1, hidden_dims: task.dim, activations: 'relu', dropout: 0.1 };
    // PAWS-X has some sentences that were not translated ("NS"), which are left out, and counted in the log.
    local reader = { type: 'sentence_pairs', max_tokens: 100, skip_faulty: true };
    suite(paths, reader, { type: 'pair_classifier', feedforward: layer }, 'macro_accuracy', ['first', 'second']),

  // Questions, and passages that answer them.
  questions(paths):
    local reader = { type: 'squad_questions', window: 200, overlap: 50, max_question_tokens: 60 };
    suite(paths, reader, { type: 'answer_finder', max_answer_tokens: 30 }, 'macro_f1', ['passage', 'question']),
}
