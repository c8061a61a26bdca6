// XtremeDistil (Mukherjee and Hassan Awadallah, ACL 2020): a fine-tuned transformer teaches a small student on unlabelled text, in
// stages. Named entities in columns, one folder a language: <data>/en/train.txt, <data>/en/dev.txt, <data>/en/test.txt, ...
// Of each training file, the teacher has the first SKD_TEACHER_SENTENCES (1500) sentences with their tags, a student the first
// SKD_TRAIN_SENTENCES (300); the next SKD_UNLABELED_SENTENCES (all others) are the unlabelled text, unless SKD_UNLABELED has it.
local settings = import '../lib/settings.libsonnet';
local ner = import '../ner/task.libsonnet';

ner {
  languages: settings.languages(['de', 'en', 'fr']),
  min_count: 1,  // pieces of words are never rare enough to do without them
  train_sentences: if settings.train_sentences == null then 300 else settings.train_sentences,
  teacher_sentences: settings.teacher_sentences(1500),
  transformer: settings.transformer('bert-base-multilingual-cased'),
  transformer_dim: settings.transformer_dim(768),
  embedding_dim: 50,
  hidden_dim: 100,  // of each direction of the LSTM
  layers: null,  // which of the transformer a student has in place of word pieces and an LSTM
  teachers: settings.teachers('runs/xtremedistil/teachers'),  // <teachers>/all is the one teacher
  knowledge: settings.knowledge('runs/xtremedistil/knowledge'),
}
