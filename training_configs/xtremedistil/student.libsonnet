// A student of XtremeDistil: the teacher's word pieces and one BiLSTM, or some layers of a transformer; above them a GELU projection
// to the teacher's width, and a softmax or (structure 'crf') a CRF; trained in phases.
//
// phases: of phases.libsonnet
local embedders = import '../lib/embedders.libsonnet';
local encoders = import '../lib/encoders.libsonnet';
local settings = import '../lib/settings.libsonnet';

local models = { softmax: 'distilled_tagger', crf: 'distilled_crf_tagger' };

// paths, readers: of labelled and of unlabelled text
local sentences(task, embedder) = {
  local reader = task.reader { token_indexers: embedder.token_indexers },
  local paths(split) = { [language]: task.path(language, split) for language in task.languages },
  local text = { [language]: '%s/%s.txt' % [settings.unlabeled, language] for language in task.languages },
  local limit = { max_sentences_per_file: task.unlabeled_sentences },
  dataset_reader: {
    type: 'semi_supervised',
    labeled: reader { max_sentences_per_file: task.train_sentences },
    unlabeled:
      if settings.unlabeled != null
      then { type: 'plain_text' } + limit
      else task.reader { skip_sentences_per_file: task.teacher_sentences } + limit,
  },
  validation_dataset_reader: reader { max_sentences_per_file: task.dev_sentences },
  train_data_path: { labeled: paths('train'), unlabeled: if settings.unlabeled != null then text else paths('train') },
  validation_data_path: paths('dev'),
  test_data_path: paths('test'),
  evaluate_on_test: true,
  datasets_for_vocab_creation: ['train'],
};

// Up to the projection; `dim` is the width there.
local lower(task) =
  if task.layers == null then
    local embedder = embedders.word_pieces(task.transformer, task.embedding_dim);
    { embedder: embedder, encoder: encoders.bilstm(embedder.dim, task.hidden_dim), dim: 2 * task.hidden_dim }
  else
    local embedder = embedders.transformer(task.transformer, task.transformer_dim, lr=1e-4, layers=task.layers);
    { embedder: embedder, encoder: encoders.none(embedder.dim), dim: embedder.dim };

// A phase, with the embedder's parameter groups for its optimizer.
local grouped(phase, groups) =
  if groups == [] then phase else phase { trainer+: { optimizer+: { parameter_groups: groups } } };

function(task, phases, structure='softmax')
  local below = lower(task), embedder = below.embedder;
  sentences(task, embedder) {
    vocabulary: { tokens_to_add: { labels: task.labels } },
    random_seed: settings.seed,
    numpy_seed: settings.seed,
    pytorch_seed: settings.seed,
    model: {
      type: models[structure],
      text_field_embedder: embedder.embedder,
      encoder: below.encoder,
      feedforward: { input_dim: below.dim, num_layers: 1, hidden_dims: task.transformer_dim, activations: 'gelu' },
      label_encoding: task.label_encoding,
      dropout: 0.2,
      teachers: { [language]: [{ archive_file: task.teachers + '/all/model.tar.gz' }] for language in task.languages },
    },
    data_loader: { batch_sampler: { type: 'smoothed_languages', batch_size: 32, exponent: 0.7, padding_noise: 0.1 } },
    validation_data_loader: { batch_sampler: { type: 'bucket', batch_size: 64, sorting_keys: ['tokens'], shuffle: false } },
    trainer: {
      type: 'phases',
      callbacks: [{ type: 'cache_teacher_knowledge', store: { type: 'lmdb', path: task.knowledge } }],
      phases: [grouped(phase, embedder.parameter_groups) for phase in phases],
    },
  }
