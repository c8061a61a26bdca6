// What can be set from outside, as environment variables; all are optional (skd_plugin/settings.py sets unset ones to '').
local given(name, default) = if std.extVar(name) == '' then default else std.extVar(name);
local number(name, default) = if std.extVar(name) == '' then default else std.parseInt(std.extVar(name));
local list(name, default) = if std.extVar(name) == '' then default else std.split(std.extVar(name), ',');
{
  data(default): given('SKD_DATA', default),
  teachers(default): given('SKD_TEACHERS', default),
  knowledge(default): given('SKD_KNOWLEDGE', default),
  language: given('SKD_LANGUAGE', 'en'),
  languages(default): list('SKD_LANGUAGES', default),
  zero_shot(default): if given('SKD_ZERO_SHOT', null) == 'none' then [] else list('SKD_ZERO_SHOT', default),
  size: given('SKD_SIZE', 'hour'),
  teacher(default): given('SKD_TEACHER', default),
  parallel(default): given('SKD_PARALLEL', default),
  tokenizer(default): given('SKD_TOKENIZER', default),
  encoder(default): given('SKD_ENCODER', default),
  transformer(default): given('SKD_TRANSFORMER', default),
  transformer_dim(default): number('SKD_TRANSFORMER_DIM', default),
  teacher_sentences(default): number('SKD_TEACHER_SENTENCES', default),
  train_sentences: number('SKD_TRAIN_SENTENCES', null),
  unlabeled: given('SKD_UNLABELED', null),
  unlabeled_sentences: number('SKD_UNLABELED_SENTENCES', null),
  epochs(default): number('SKD_EPOCHS', default),
  seed: number('SKD_SEED', 13370),
  recipe: given('SKD_RECIPE', 'fast'),
  structure: given('SKD_STRUCTURE', 'crf'),
}
