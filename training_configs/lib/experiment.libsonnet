// What `allennlp distill` runs: the teachers of a task's languages, a baseline, and students by several methods.
//
// task: of a task.libsonnet; zero_shot: paths of further test files, by language
local embedders = import 'embedders.libsonnet';
local losses = import 'losses.libsonnet';
local recipes = import 'recipes.libsonnet';
local settings = import 'settings.libsonnet';
local student = import 'student.libsonnet';
local tagger = import 'tagger.libsonnet';
local unlabeled = import 'unlabeled.libsonnet';

// The command evaluates itself, sentence by sentence: training does not open the test files, whose tags it may not all know.
local without_test = { evaluate_on_test: false, test_data_path:: null };

local teacher(task, language) = tagger(task, [language], task.teacher_size, task.teacher_recipe) + without_test;
local baseline(task) = tagger(task, task.languages, task.student_size, task.student_recipe) + without_test;
local taught(task, losses) =
  student(task, task.languages, task.student_size, task.student_recipe, task.teachers, losses, task.knowledge) + without_test;

// Beside the methods of losses.libsonnet: a control, the teachers' best paths as if they were gold, and the one method without a
// structure, a softmax a token that learns from the posteriors.
local more_losses = { pseudo_label: [{ type: 'top_k', k: 1 }], token: losses.posterior };
local taught_by(task, method, group) = {
  name: method,
  group: group,
  config:
    taught(task, (losses + more_losses)[method])
    + (if method == 'token' then { model+: { type: 'distilled_tagger' } } else {}),
};

// Students with text beside, the first of them the control `pseudo_label`, and before them the control of the text itself.
local beside(task, methods, text, suffix, control, group) =
  local student(method, against) = taught_by(task, method, group) { name+: suffix, against: against, config+: text };
  local references = ['baseline', control.name];
  [control { group: group, against: ['baseline'] }, student('pseudo_label', references)]
  + [student(method, references + ['pseudo_label' + suffix]) for method in methods];

{
  // What an experiment adds to a config.
  without_test: without_test,

  all_methods: ['emission', 'top_k', 'weighted_top_k', 'posterior', 'posterior_top_wk', 'structural'],

  baseline(task, group=null): { name: 'baseline', group: group, config: baseline(task) },

  // A student that learns from the teachers' losses on labelled text.
  student(task, name, losses, more={}): { name: name, config: taught(task, losses) } + more,

  // The paper's table: a baseline, and methods on the labelled text alone.
  labelled(task, methods=self.all_methods, group='labelled text'):
    [self.baseline(task, group)]
    + [taught_by(task, method, group) for method in methods],

  // Methods with unlabelled text beside, `ratio` sentences for each labelled one, and what they must be better than: a
  // baseline with as many updates and the vocabulary of the text, and the teachers' best paths taken for gold.
  with_text(task, methods=self.all_methods, ratio=1, group='with unlabelled text'):
    local text(ratio) = unlabeled.of_same_languages(task, task.languages, ratio);
    local equal = { name: 'baseline_equal_updates', config: baseline(task) + text(0) + unlabeled.equal_updates(ratio) };
    beside(task, methods, text(ratio), '_text', equal, group),

  // The same with copies of the labelled sentences in which other words stand, for text; here the baseline learns from as
  // many copies as if their tags were gold.
  perturbed(task, methods=self.all_methods, ratio=1, group='with perturbed labelled text'):
    local text = unlabeled.perturbed(task, task.languages, ratio);
    local gold = { name: 'baseline_perturbed', config: baseline(task) + unlabeled.perturbed_gold(task, ratio) };
    beside(task, methods, text, '_perturbed', gold, group),

  // Methods on the labelled text whose teachers answer as a mixture of `members` a language: the first teachers, and those of
  // `other_seeds`.
  of_ensemble(task, methods=self.all_methods, members=3):
    local archives(language) =
      [task.teachers + '/' + language + '/model.tar.gz']
      + ['%s/%d/%s/model.tar.gz' % [task.teachers, member, language] for member in std.range(2, members)];
    local of_all(language) = [{ archive_file: file } for file in archives(language)];
    [
      taught_by(task, method, 'of %d teachers a language' % members) {
        name+: '_ensemble',
        config+: { model+: { teachers: { [language]: of_all(language) for language in task.languages } } },
      }
      for method in methods
    ],

  // For a task `with_text_left`: all methods on the labelled text and with text beside, and some with perturbed copies, if
  // wanted. Epochs with text are longer and so fewer: 1.3 times as many updates as without.
  whole_table(task, perturbed=true):
    local all = ['token'] + self.all_methods;
    local shorter(ratio) = task {
      student_recipe+: {
        trainer+: { num_epochs: std.ceil(1.3 * super.num_epochs / (1 + ratio)), learning_rate_scheduler+: { patience: 1 } },
      },
    };
    self.labelled(task, all + ['pseudo_label'])
    + (if perturbed then self.perturbed(shorter(2), ['posterior'], ratio=2) else [])
    + self.with_text(shorter(1), all),

  // A task as it is, with SKD_SIZE=full; else cut to what two cores do in about an hour: some sentences of each file, a small
  // student, and recipe "fast", to convergence on the development set.
  sized(task, sentences=500, dev_sentences=300, epochs=30, teacher_epochs=epochs):
    assert std.member(['hour', 'full'], settings.size) : 'SKD_SIZE: expected hour or full';
    local large = embedders.words_and_characters();
    local small = embedders.words_and_characters(word_dim=50, character_dim=16, num_filters=32);
    if settings.size == 'full' then task else task {
      train_sentences: if task.train_sentences == null then sentences else task.train_sentences,
      dev_sentences: dev_sentences,
      teacher_size: { embedder: large, hidden_dim: 128 },
      student_size: { embedder: small, hidden_dim: 48 },
      // A teacher has a part of the data: smaller batches give it more updates.
      teacher_recipe: recipes.fast(large, epochs=teacher_epochs, batch_size=16),
      student_recipe: recipes.fast(small, epochs=epochs, batch_size=32, plateau=if epochs < 20 then 1 else 2),
    },

  // For experiments with text: at full size too, only the first sentences are labelled, for teachers as for students, unless
  // SKD_UNLABELED has the text; otherwise nothing would be left of which a teacher does not know the tags. And at most so
  // many unlabelled ones, if that is not null and SKD_UNLABELED_SENTENCES says nothing else.
  with_text_left(task, labelled=1000, unlabelled=null): task {
    local given(number, default) = if number == null then default else number,
    train_sentences: given(task.train_sentences, if settings.unlabeled == null then labelled),
    unlabeled_sentences: given(task.unlabeled_sentences, unlabelled),
  },

  // Several seeds at full size, as many as fit into an hour otherwise.
  seeds(of_an_hour): if settings.size == 'full' then [1, 2, 3, 4, 5] else std.range(1, of_an_hour),

  // To be added to an experiment: teachers beside the first ones, in <teachers>/<name>/<language>.
  further_teachers(name, task): {
    teachers+: { [name + '/' + language]: teacher(task, language) for language in task.languages },
  },

  // To be added to an experiment: the first teachers again, trained with other seeds, in <teachers>/2/<language> and so on.
  other_seeds(task, members=3): {
    local with_seed(config, offset) =
      config { [name]+: offset for name in ['random_seed', 'numpy_seed', 'pytorch_seed'] },
    teachers+: {
      ['%d/%s' % [member, language]]: with_seed(teacher(task, language), 1000 * (member - 1))
      for member in std.range(2, members)
      for language in task.languages
    },
  },

  experiment(task, title, seeds, methods, zero_shot={}): {
    title: title,
    seeds: seeds,
    label_encoding: task.label_encoding,
    evaluation: { test: { [language]: task.path(language, 'test') for language in task.languages }, zero_shot: zero_shot },
    teachers: { [language]: teacher(task, language) for language in task.languages },
    methods: methods,
  },
}
