// From embedded words to features of words in context.
{
  bilstm(input_dim, hidden_dim, num_layers=1): {
    type: 'padded_lstm',
    input_size: input_dim,
    hidden_size: hidden_dim,
    num_layers: num_layers,
  },

  // For a transformer, which has the context already.
  none(input_dim): { type: 'pass_through', input_dim: input_dim },
}
