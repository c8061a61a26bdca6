// A multilingual student: a tagger that learns from one teacher a language.
//
// teachers:  folder with the serialization directory (or archive) of each language's teacher, as teachers/en/model.tar.gz
// losses:    of losses.libsonnet
// knowledge: folder of the store that all students of these teachers share
local settings = import 'settings.libsonnet';
local tagger = import 'tagger.libsonnet';

function(task, languages, size, recipe, teachers, losses, knowledge)
  assert settings.structure != 'spans' : 'SKD_STRUCTURE: spans can teach, not learn from teachers; take crf or softmax for a student';
  tagger(task, languages, size, recipe) + {
    model+: {
      teachers: { [language]: [{ archive_file: teachers + '/' + language + '/model.tar.gz' }] for language in languages },
      losses: losses,
      loss_reduction: 'mean',
      schedule: task.schedule,
    },
    trainer+: {
      callbacks: [{ type: 'cache_teacher_knowledge', store: { type: 'lmdb', path: knowledge } }],
    },
  }
