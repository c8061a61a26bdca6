"""The README's table of registered names, from the code; `python -m tests.registered_names` writes it."""

import re

from allennlp.data import DatasetReader, TokenIndexer
from allennlp.data.samplers import BatchSampler
from allennlp.models import Model
from allennlp.modules import Seq2SeqEncoder, TokenEmbedder
from allennlp.predictors import Predictor
from allennlp.training import Trainer, TrainerCallback
from allennlp.training.optimizers import Optimizer

import skd_plugin  # noqa: F401
from skd_plugin.experiments import Engine
from skd_plugin.knowledge import KnowledgeStore
from skd_plugin.losses import AlignmentObjective, DistillationLoss, DistillationSchedule
from skd_plugin.teachers import SentenceTeacher, Teacher
from tests.runs import ROOT

BASES = [
    DatasetReader,
    TokenIndexer,
    BatchSampler,
    Model,
    Seq2SeqEncoder,
    TokenEmbedder,
    Optimizer,
    DistillationLoss,
    DistillationSchedule,
    AlignmentObjective,
    Teacher,
    SentenceTeacher,
    Trainer,
    TrainerCallback,
    KnowledgeStore,
    Predictor,
    Engine,
]
README = ROOT / "README.md"
MARKED = re.compile(r"(<!-- names -->\n).*(<!-- /names -->)", re.DOTALL)


def table() -> str:
    """A row for every class of this package that a config can name."""
    rows = ["| kind | name | what it is |", "|---|---|---|"]
    for base in BASES:
        for name in sorted(base.list_available()):
            found = base.by_name(name)
            if isinstance(found, type) and found.__module__.startswith("skd_plugin."):
                about = " ".join((found.__doc__ or "").split("\n\n")[0].split()).replace("|", "\\|")
                path = found.__module__.replace(".", "/") + ".py"
                rows.append(f"| {base.__name__} | [`{name}`]({path}) | {about} |")
    return "\n".join(rows) + "\n"


def with_table(text: str) -> str:
    """The text with the table between the marks."""
    return MARKED.sub(lambda match: match[1] + table() + match[2], text)


if __name__ == "__main__":
    README.write_text(with_table(README.read_text(encoding="utf-8")), encoding="utf-8")
