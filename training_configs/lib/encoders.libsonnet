// From embedded words to features of words in context.
{
  bilstm(input_dim, hidden_dim, num_layers=1): {
    type: 'padded_lstm',
    input_size: input_dim,
    hidden_size: hidden_dim,
    num_layers: num_layers,
  },

  // To be trained from scratch.
  transformer(dim, num_layers): {
    type: 'pytorch_transformer',
    input_dim: dim,
    num_layers: num_layers,
    num_attention_heads: 4,
    feedforward_hidden_dim: 4 * dim,
    positional_encoding: 'sinusoidal',
  },

  // For a transformer, which has the context already.
  none(input_dim): { type: 'pass_through', input_dim: input_dim },
}
