// An encoder that learns from parallel text.
//
// objectives: of objectives.libsonnet
local settings = import '../lib/settings.libsonnet';

function(task, objectives) {
  dataset_reader: {
    type: 'parallel_text',
    token_indexers: { word_pieces: { type: 'word_pieces', model_name: task.tokenizer } },
    max_tokens: 100,
    skip_empty: true,
  },
  train_data_path: task.parallel + '/train.tsv',
  validation_data_path: task.parallel + '/dev.tsv',
  datasets_for_vocab_creation: ['train'],
  random_seed: settings.seed,
  numpy_seed: settings.seed,
  pytorch_seed: settings.seed,
  model: {
    type: 'mmkd_encoder',
    text_field_embedder: { token_embedders: { word_pieces: { type: 'word_pieces', embedding_dim: task.dim } } },
    encoder: task.layers,
    teacher: { type: 'huggingface_encoder', model_name: task.english_teacher, pooling: 'mean' },
    objectives: objectives,
    sentence_dim: task.english_teacher_dim,
    guessed: 'word_pieces',
    dropout: 0.1,
    // As large as the features of positions that the encoder adds.
    initializer: { regexes: [['^text_field_embedder.*embedding\\.weight', { type: 'normal', mean: 0, std: 1 }]] },
  },
  data_loader: { batch_sampler: { type: 'language_pairs', batch_size: 64, exponent: 0.7 } },
  validation_data_loader: { batch_size: 128 },
  trainer: {
    optimizer: { type: 'fused_adam', lr: 0.0005 },
    learning_rate_scheduler: { type: 'linear_with_warmup', warmup_steps: 500 },
    num_epochs: settings.epochs(20),
    patience: 5,
    grad_norm: 1.0,
    validation_metric: '+macro_cosine_p_at_1',
    callbacks: [{ type: 'cache_sentence_embeddings', store: { type: 'lmdb', path: task.embeddings } }],
  },
}
