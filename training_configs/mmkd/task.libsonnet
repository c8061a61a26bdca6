// MMKD (Li et al., EMNLP 2022): a multilingual encoder is aligned with an English sentence encoder on parallel text, and then tags.
// Parallel text in columns, whose languages the first line says: <parallel>/train.tsv, <parallel>/dev.tsv. Labelled sentences as of ner.
local encoders = import '../lib/encoders.libsonnet';
local settings = import '../lib/settings.libsonnet';
local ner = import '../ner/task.libsonnet';

ner {
  languages: settings.languages(['de', 'en', 'fr']),
  parallel: settings.parallel('data/parallel'),
  tokenizer: settings.tokenizer('runs/mmkd/tokenizer'),
  english_teacher: settings.transformer('sentence-transformers/all-MiniLM-L6-v2'),  // a folder
  english_teacher_dim: settings.transformer_dim(384),
  embeddings: settings.knowledge('runs/mmkd/knowledge'),
  encoder: settings.encoder('runs/mmkd/encoder/model.tar.gz'),  // what encoder.jsonnet has made
  dim: 256,
  layers: encoders.transformer(self.dim, num_layers=4),
}
