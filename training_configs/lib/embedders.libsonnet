// How words become vectors: token indexers, the embedder for them, its size, whose vocabulary is counted (`min_count` of a task),
// and what the optimizer should know of it.
{
  // Word embeddings (from a file of vectors, if given) beside a CNN over characters.
  words_and_characters(word_dim=100, character_dim=25, num_filters=50, vectors=null): {
    token_indexers: {
      tokens: { type: 'single_id', lowercase_tokens: true },
      token_characters: { type: 'characters', min_padding_length: 3 },
    },
    embedder: {
      token_embedders: {
        tokens: { type: 'embedding', embedding_dim: word_dim, [if vectors != null then 'pretrained_file']: vectors },
        token_characters: {
          type: 'distinct_character_encoding',
          embedding: { embedding_dim: character_dim, vocab_namespace: 'token_characters' },
          encoder: { type: 'cnn', embedding_dim: character_dim, num_filters: num_filters, ngram_filter_sizes: [3] },
        },
      },
    },
    dim: word_dim + num_filters,
    counted: ['tokens'],
    parameter_groups: [],
  },

  // Pieces of a transformer's tokenizer, a word their mean; the vectors are the transformer's, reduced to `dim` features.
  word_pieces(name, dim): {
    token_indexers: { word_pieces: { type: 'word_pieces', model_name: name } },
    embedder: { token_embedders: { word_pieces: { type: 'word_pieces', embedding_dim: dim, pretrained_file: name } } },
    dim: dim,
    counted: ['word_pieces'],
    parameter_groups: [],
  },

  // The encoder of an archive, as mmkd/encoder.jsonnet leaves it; `dim` is its width. Frozen, or learnt further at a rate of its own.
  archived(archive, dim, frozen=false, lr=0.0005): {
    local archived = { type: 'archived_encoder', archive_file: archive },
    token_indexers: { tokens: archived },
    embedder: { token_embedders: { tokens: archived { train_parameters: !frozen } } },
    dim: dim,
    counted: [],
    parameter_groups: if frozen then [] else [[['^text_field_embedder'], { lr: lr }]],
  },

  // A Hugging Face transformer, by name or folder, or some of its layers alone; `dim` is its hidden size. Frozen, or fine-tuned at a
  // rate of its own.
  transformer(name, dim, frozen=false, lr=2e-5, layers=null): {
    local transformer = { model_name: name, max_length: 512 },
    local whole = transformer { type: 'pretrained_transformer_mismatched' },
    token_indexers: { tokens: whole },
    embedder: {
      token_embedders: {
        tokens: (if layers == null then whole else transformer { type: 'transformer_layers', layers: layers }) { train_parameters: !frozen },
      },
    },
    dim: dim,
    counted: [],
    parameter_groups: if frozen then [] else [[['^text_field_embedder'], { lr: lr }]],
  },
}
