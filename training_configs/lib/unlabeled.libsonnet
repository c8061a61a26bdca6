// Unlabelled text beside labelled text: what it changes in a student (student.libsonnet), to be added to it with `+`.
local settings = import 'settings.libsonnet';

// paths: unlabelled files by language; reader: for them; num_labeled: sentences of each labelled file, null for all;
// ratio: unlabelled sentences for each labelled one in an epoch. Languages are drawn in proportion to share^0.7.
local beside(paths, reader, num_labeled, ratio) = {
  local labeled_reader = super.dataset_reader,
  local labeled_paths = super.train_data_path,
  dataset_reader: {
    type: 'semi_supervised',
    labeled: labeled_reader { max_sentences_per_file: num_labeled },
    unlabeled: reader,
  },
  train_data_path: { labeled: labeled_paths, unlabeled: paths },
  data_loader: {
    batch_sampler: { type: 'smoothed_languages', batch_size: 32, exponent: 0.7, unlabeled_ratio: ratio, padding_noise: 0.1 },
  },
};

local labeled_paths(task, languages) = { [language]: task.path(language, 'train') for language in languages };

local copies = 4;  // of each labelled sentence

local perturbed(task, reader, copies) = {
  type: 'perturbed',
  reader: reader { max_sentences_per_file: task.train_sentences },
  label_encoding: task.label_encoding,
  copies: copies,
};

// Tokens with spaces between, a sentence a line.
local text(languages) = { [language]: '%s/%s.txt' % [settings.unlabeled, language] for language in languages };

{
  // The text of SKD_UNLABELED; without it, what the first sentences of the training files leave, with its tags withheld.
  of_same_languages(task, languages, ratio=1):
    local num_labeled = if task.train_sentences == null then 200 else task.train_sentences;
    local limit = { max_sentences_per_file: task.unlabeled_sentences };
    if settings.unlabeled != null
    then beside(text(languages), { type: 'plain_text' } + limit, task.train_sentences, ratio)
    else beside(
      labeled_paths(task, languages),
      task.reader { skip_sentences_per_file: num_labeled } + limit,
      num_labeled,
      ratio
    ),

  // No further text: copies of the labelled sentences with other words, in the same places (reader `perturbed`).
  perturbed(task, languages, ratio=1):
    beside(labeled_paths(task, languages), perturbed(task, task.reader, copies), task.train_sentences, ratio),

  // For a fair comparison: the same copies, `ratio` of each sentence, with the tags of the sentences as if they were gold.
  perturbed_gold(task, ratio=1): {
    local reader = super.dataset_reader,
    dataset_reader: perturbed(task, reader, ratio),
  },

  // For a fair comparison: training which may make as many updates, and wait as long for the next best epoch, as that which reads
  // `ratio` unlabelled sentences beside each labelled one.
  equal_updates(ratio=1): {
    local times(number) = std.ceil(number * (1 + ratio)),
    trainer+: {
      num_epochs: times(super.num_epochs),
      patience: times(super.patience),
      learning_rate_scheduler+: { patience: times(super.patience) },
    },
  },

  // Text of languages without teachers: the teachers of the others answer for them, by the weights given here.
  of_new_languages(task, languages, new_languages, teachers):
    assert settings.unlabeled != null : 'SKD_UNLABELED: expected the folder of the unlabelled text';
    assert new_languages != [] : 'SKD_ZERO_SHOT: expected at least one language';
    assert std.setInter(std.set(languages), std.set(new_languages)) == [] : 'SKD_ZERO_SHOT: expected languages that are not among those with teachers';
    local answer = [{ archive_file: teachers + '/' + language + '/model.tar.gz', weight: 1 } for language in languages];
    local ratio = std.length(new_languages) / std.length(languages);  // each new language as much as a taught one
    local reader = { type: 'plain_text', max_sentences_per_file: task.unlabeled_sentences };
    beside(text(new_languages), reader, task.train_sentences, ratio) + {
      model+: { teachers+: { [language]: answer for language in new_languages } },
    },
}
