// An experiment of strategies, by the one teacher that is trained already.
//
// length: of phases.libsonnet; names, with_crf: of strategies there, for a student with a softmax and one with a CRF; alone: whether
// there is a student of each language too, from labels alone (D0)
local experiment = import '../lib/experiment.libsonnet';
local settings = import '../lib/settings.libsonnet';
local phases = import 'phases.libsonnet';
local student = import 'student.libsonnet';

function(title, task, length, names, with_crf=[], alone=false, seeds=[1, 2, 3])
  local of(task, name, structure) = student(task, phases.strategies(task, length)[name], structure) + experiment.without_test;
  // Of a student with a CRF: others that learn from text and then from labels.
  local rivals(name) =
    std.filter(function(one) std.member(names, one), ['logits_then_labels', 'posterior_then_labels'])
    + [other + '_crf' for other in with_crf if other != name];
  local archive = settings.teacher('runs/xtremedistil/teachers/all/model.tar.gz');
  {
    title: title,
    seeds: seeds,
    label_encoding: task.label_encoding,
    evaluation: { test: { [language]: task.path(language, 'test') for language in task.languages } },
    teachers:
      { all: { archive_file: archive } }
      + (
        if alone
        then { ['d0/' + language]: of(task { languages: [language] }, 'd0_s', 'softmax') for language in task.languages }
        else {}
      ),
    methods:
      [{ name: 'baseline', group: 'labels', config: of(task, 'd0_s', 'softmax') }]
      + [
        { name: name, group: 'softmax', config: of(task, name, 'softmax'), against: ['baseline'] + (if name == 'd1' || !std.member(names, 'd1') then [] else ['d1']) }
        for name in names
      ]
      + [
        { name: name + '_crf', group: 'CRF', config: of(task, name, 'crf'), against: ['baseline'] + rivals(name) }
        for name in with_crf
      ],
  }
