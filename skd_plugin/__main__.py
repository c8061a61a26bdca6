"""`python -m skd_plugin <anything that allennlp takes>`: AllenNLP's own commands, with this plugin registered."""

from allennlp.commands import main

import skd_plugin  # noqa: F401 (registers)

if __name__ == "__main__":
    main(prog="python -m skd_plugin")
