// What an encoder learns from: the four levels of the paper, alone, without one of them, or all.
//
// The paper gives no weights. In a plain sum the levels of words, whose losses are some nats, drown the others. These
// were chosen on the development set of the experiment mmkd.
local levels = {
  token: { type: 'translation_language_modeling', weight: 0.01 },
  word: { type: 'word_contrastive', weight: 0.01 },
  sentence: { type: 'sentence_alignment', weight: 1.0 },
  structure: { type: 'structure_alignment', weight: 1.0 },
};
local names = ['token', 'word', 'sentence', 'structure'];

{
  names: names,
  all: [levels[name] for name in names],
  alone(name): [levels[name] { weight: 1.0 }],
  without(name): [levels[other] for other in names if other != name],
  unweighted: [levels[name] { weight: 1.0 } for name in names],
}
