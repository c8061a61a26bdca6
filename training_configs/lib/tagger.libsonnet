// A tagger, by SKD_STRUCTURE with a CRF, a softmax a token, or spans: a teacher if `languages` is one, a multilingual baseline if they are several.
//
// task:     { reader, label_encoding, metric, labels, languages, path(language, split), train_sentences, dev_sentences }; `labels` beyond
//           those of the training data, and how many sentences of each file to read
// size:     { embedder, hidden_dim }, or { embedder } alone for an embedder that needs no encoder
// recipe:   of recipes.libsonnet
local encoders = import 'encoders.libsonnet';
local settings = import 'settings.libsonnet';

local models = { crf: 'distilled_crf_tagger', softmax: 'distilled_tagger', spans: 'span_tagger' };

function(task, languages, size, recipe)
  assert std.length(languages) > 0 : 'a tagger needs at least one language';
  assert std.objectHas(models, settings.structure) : 'SKD_STRUCTURE: expected crf, softmax or spans';
  assert settings.structure != 'spans' || task.label_encoding != null : 'SKD_STRUCTURE: spans are for tasks whose tags encode spans';
  local embedder = size.embedder;
  local paths(split) = { [language]: task.path(language, split) for language in languages };
  {
    dataset_reader: task.reader { token_indexers: embedder.token_indexers, max_sentences_per_file: task.train_sentences },
    validation_dataset_reader: task.reader { token_indexers: embedder.token_indexers, max_sentences_per_file: task.dev_sentences },
    train_data_path: paths('train'),
    validation_data_path: paths('dev'),
    test_data_path: paths('test'),
    evaluate_on_test: true,
    datasets_for_vocab_creation: ['train'],
    vocabulary: {
      tokens_to_add: { labels: task.labels },
      [if task.min_count > 1 then 'min_count']: { [namespace]: task.min_count for namespace in embedder.counted },
    },
    random_seed: settings.seed,
    numpy_seed: settings.seed,
    pytorch_seed: settings.seed,
    model: {
      type: models[settings.structure],
      text_field_embedder: embedder.embedder,
      encoder: if std.objectHas(size, 'hidden_dim')
      then encoders.bilstm(embedder.dim, size.hidden_dim)
      else encoders.none(embedder.dim),
      label_encoding: task.label_encoding,
    } + recipe.model,
    data_loader: recipe.data_loader,
    // Sentences of a length together: a long one among short ones pads them all.
    validation_data_loader: { batch_sampler: { type: 'bucket', batch_size: 64, sorting_keys: ['tokens'], shuffle: false } },
    trainer: { validation_metric: '+' + task.metric } + recipe.trainer,
  }
