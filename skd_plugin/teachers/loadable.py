"""What teachers of all kinds have in common."""

import torch


class Loadable:
    """
    Is loaded to answer, and released when all is asked.

    It is no `torch.nn.Module`: its weights must stay out of the student's archive, optimizer and train mode. It may be
    asked for its fingerprint without being loaded, so that a run whose knowledge is cached loads no teacher.
    """

    @property
    def description(self) -> str:
        """What to call it, for people."""
        return type(self).__name__

    @property
    def fingerprint(self) -> str:
        """Names what the teacher knows: equal for teachers that answer alike, wherever they are kept."""
        raise NotImplementedError

    def load(self, device: torch.device) -> None:
        """Makes the teacher ready to answer."""

    def release(self) -> None:
        """Frees what `load` took."""
