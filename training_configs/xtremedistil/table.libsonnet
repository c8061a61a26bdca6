// An experiment of strategies, by the one teacher that is trained already.
//
// length: of phases.libsonnet; names, with_crf: of strategies there, for a student with a softmax and one with a CRF
local settings = import '../lib/settings.libsonnet';
local phases = import 'phases.libsonnet';
local student = import 'student.libsonnet';

local without_test = { evaluate_on_test: false, test_data_path:: null };

function(title, task, length, names, with_crf=[], seeds=[1, 2, 3])
  local of(task, name, structure) = student(task, phases.strategies(task, length)[name], structure) + without_test;
  local archive = settings.teacher('runs/xtremedistil/teachers/all/model.tar.gz');
  {
    title: title,
    seeds: seeds,
    label_encoding: task.label_encoding,
    evaluation: { test: { [language]: task.path(language, 'test') for language in task.languages } },
    teachers:
      { all: { archive_file: archive } }
      + { ['d0/' + language]: of(task { languages: [language] }, 'd0_s', 'softmax') for language in task.languages },
    methods:
      [{ name: 'baseline', group: 'labels', config: of(task, 'd0_s', 'softmax') }]
      + [
        { name: name, group: 'softmax', config: of(task, name, 'softmax'), against: ['baseline'] + (if name == 'd1' then [] else ['d1']) }
        for name in names
      ]
      + [
        { name: name + '_crf', group: 'CRF', config: of(task, name, 'crf'), against: ['baseline', 'logits_then_labels'] }
        for name in with_crf
      ],
  }
