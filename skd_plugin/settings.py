"""
The environment variables that the shipped configs read.

Jsonnet raises on an unset `std.extVar`, so what is unset is set to "" here, which the configs take for "not given".
The defaults are theirs: see `training_configs/lib/settings.libsonnet` and each task's `task.libsonnet`.
"""

import os

SETTINGS = {
    "SKD_DATA": "folder of the data, with one folder a language, or as a config says",
    "SKD_ENCODER": "archive of the encoder of mmkd; of its experiments of taggers the folder of the experiment mmkd",
    "SKD_EPOCHS": "most epochs to train",
    "SKD_KNOWLEDGE": "folder of the store of teachers' knowledge",
    "SKD_LANGUAGE": "language of a teacher",
    "SKD_LANGUAGES": "languages of a student, with commas between",
    "SKD_PARALLEL": "folder of the parallel text of mmkd, `train.tsv`, `dev.tsv` (and `test.tsv`): a column a language",
    "SKD_RECIPE": '"fast" or "paper"',
    "SKD_SEED": "seed of all random numbers",
    "SKD_SIZE": '"hour" (what two cores do in about one) or "full", of an experiment',
    "SKD_STRUCTURE": '"crf", "softmax" or, for teachers and baselines, "spans"',
    "SKD_TEACHER": "archive of the teacher of all languages, of the experiments of xtremedistil",
    "SKD_TEACHER_SENTENCES": "how many sentences of each training file the teacher of xtremedistil reads",
    "SKD_TEACHERS": "folder of the teachers, with one serialization directory a language",
    "SKD_TOKENIZER": "folder of the tokenizer of mmkd",
    "SKD_TRAIN_SENTENCES": "how many sentences of each training file to read",
    "SKD_TRANSFORMER": "name or folder of the transformer of xtremedistil; folder of the English teacher of mmkd",
    "SKD_TRANSFORMER_DIM": "its hidden size",
    "SKD_UNLABELED": "folder of unlabelled text, `en.txt` and so on: a sentence a line, tokens separated by spaces",
    "SKD_UNLABELED_SENTENCES": "how many sentences of each file of unlabelled text to read",
    "SKD_ZERO_SHOT": 'languages without teachers, with commas between; "none" for an experiment without any',
}


def set_defaults() -> None:
    """Sets every setting that is not set to the empty string."""
    for name in SETTINGS:
        os.environ.setdefault(name, "")
