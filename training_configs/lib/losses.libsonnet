// The methods of the papers, as lists of losses.
{
  emission: [{ type: 'emission' }],
  top_k: [{ type: 'top_k', k: 10 }],
  weighted_top_k: [{ type: 'weighted_top_k', k: 10 }],
  posterior: [{ type: 'posterior' }],
  posterior_top_wk: [{ type: 'posterior' }, { type: 'weighted_top_k', k: 10 }],
  structural: [{ type: 'structural' }],
}
