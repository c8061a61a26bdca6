// Opinion targets in restaurant reviews of SemEval-2016 task 5 (Pontiki et al., 2016), subtask 1, slot 2: Wang et al. (ACL 2020).
//
// Data: https://alt.qcri.org/semeval2016/task5/ leads to META-SHARE, where each file is given to registered users under the terms of its page.
// Files, renamed, one folder a language: <data>/en/train.xml, <data>/en/test.xml, and so on, which are
//   en  ABSA16_Restaurants_Train_SB1_v2.xml                             EN_REST_SB1_TEST.xml.gold
//   es  SemEval-2016ABSA Restaurants-Spanish_Train_Subtask1.xml         SP_REST_SB1_TEST.xml.gold
//   nl  restaurants_dutch_training.xml                                  DU_REST_SB1_TEST.xml.gold
//   ru  se16_ru_rest_train.xml                                          RU_REST_SB1_TEST.xml.gold
//   tr  the training data of subtask 1                                  TU_REST_SB1_TEST.xml.gold
// There is no dev set, and the paper split off 10 % of the training data: here the first of every ten reviews of train.xml is for dev
// (train.xml#dev), and the others are for training (train.xml#train).
// Run:  SKD_DATA=data/semeval_absa allennlp distill training_configs/experiments/semeval_absa.jsonnet -s runs/semeval_absa --include-package skd_plugin
local settings = import '../lib/settings.libsonnet';
local task = import '../lib/task.libsonnet';

local data = settings.data('data/semeval_absa');
local files = { train: 'train.xml#train', dev: 'train.xml#dev', test: 'test.xml' };

task('semeval_absa') {
  reader: { type: 'semeval_absa', label_encoding: 'BIO' },
  label_encoding: 'BIO',
  metric: 'macro_f1',
  languages: settings.languages(['en', 'es', 'nl', 'ru', 'tr']),
  path(language, split): data + '/' + language + '/' + files[split],
}
