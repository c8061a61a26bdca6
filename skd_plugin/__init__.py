"""Structure-level knowledge distillation for multilingual sequence labeling, as an AllenNLP plugin."""

from skd_plugin import compatibility, settings

try:
    import allennlp.models  # noqa: F401
    import allennlp.training  # noqa: F401
except Exception as error:  # a broken stack fails in many ways
    raise ImportError(compatibility.explain_import_error(error)) from error

compatibility.apply()
settings.set_defaults()

from skd_plugin import (  # noqa: E402
    callbacks,
    commands,
    dataset_readers,
    losses,
    models,
    modules,
    optimizers,
    predictors,
    samplers,
    serving,
    teachers,
    token_indexers,
    training,
)

__all__ = [
    "callbacks",
    "commands",
    "dataset_readers",
    "losses",
    "models",
    "modules",
    "optimizers",
    "predictors",
    "samplers",
    "serving",
    "teachers",
    "token_indexers",
    "training",
]
