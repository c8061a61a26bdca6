"""Other libraries, each optional: one that is not installed becomes a column that says so."""

import importlib
from typing import Dict, List, Type

from benchmarks.crf_peers import AllenNLP, PytorchCRF
from benchmarks.libraries import Library
from benchmarks.semiring_peers import Supar, TorchStruct

PEERS: List[Type[Library]] = [AllenNLP, PytorchCRF, TorchStruct, Supar]


def missing(peers: List[Type[Library]]) -> Dict[str, str]:
    """Why peers cannot be had, by name; those that can are left out."""
    reasons = {}
    for peer in peers:
        try:
            importlib.import_module(peer.module)
        except Exception as error:  # a peer that breaks on this torch must not stop the others
            absent = (
                isinstance(error, ModuleNotFoundError) and error.name == peer.module.split(".")[0]
            )
            reasons[peer.name] = "not installed" if absent else f"cannot be imported: {error}"
    return reasons
