"""Knowledge that a chain has of itself, for tests of losses."""

import torch

from skd_plugin.knowledge import KnowledgeBatch
from skd_plugin.structures import LinearChain


def knowledge_of(teacher: LinearChain, num_paths: int = 3) -> KnowledgeBatch:
    """All that a teacher with the student's tags would tell."""
    best = teacher.top_k(num_paths)
    ends = torch.stack([teacher.start, teacher.end])
    return KnowledgeBatch(
        present=torch.ones(len(teacher.mask), dtype=torch.bool),
        paths=best.paths,
        path_log_probs=best.scores - teacher.log_partition.unsqueeze(1),
        path_mask=best.mask,
        log_posteriors=teacher.log_marginals,
        log_emissions=teacher.emissions.log_softmax(dim=-1) * teacher.mask.unsqueeze(2),
        expected_transitions=teacher.expected_transitions,
        transitions=torch.cat([teacher.transitions, ends]).expand(len(teacher.mask), -1, -1),
    )
