"""Structure-level knowledge distillation for multilingual sequence labeling, as an AllenNLP plugin."""

from skd_plugin import settings

settings.set_defaults()

from skd_plugin import callbacks, dataset_readers, losses, models, predictors, teachers  # noqa: E402, F401
