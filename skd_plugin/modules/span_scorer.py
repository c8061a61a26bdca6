"""Scores of labelled spans."""

import torch
from torch import Tensor


class BiaffineSpanScorer(torch.nn.Module):
    """
    Scores spans by their first and last token and their width.

    score[t, w, l] = [a(t); 1]^T U_l [b(t + w); 1] + c[w, l], where a and b are projections of the encodings through
    GELU (Yu et al., Named Entity Recognition as Dependency Parsing, ACL 2020; the bias of the width is ours).

    # Parameters

    input_dim : `int`
    num_labels : `int`
    max_width : `int`
        Of a span, in tokens.
    projection_dim : `int`
        Of a and b; the memory for a token grows with projection_dim * (num_labels + max_width).
    dropout : `float`, optional (default = `0.0`)
        On a and b.
    """

    def __init__(
        self,
        input_dim: int,
        num_labels: int,
        max_width: int,
        projection_dim: int,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self._start = torch.nn.Linear(input_dim, projection_dim)
        self._end = torch.nn.Linear(input_dim, projection_dim)
        self._bilinear = torch.nn.Linear(projection_dim, num_labels * (projection_dim + 1))
        self._width_bias = torch.nn.Parameter(torch.zeros(max_width, num_labels))
        self._dropout = torch.nn.Dropout(dropout)

    def forward(self, encoded: Tensor) -> Tensor:
        """
        # Parameters

        encoded : `Tensor`
            Shape (batch_size, num_tokens, input_dim).

        # Returns

        `Tensor` of shape (batch_size, num_tokens, max_width, num_labels): of the span from the token that is w + 1
        wide. Those that pass the last token are to be masked out.
        """
        max_width, num_labels = self._width_bias.shape
        starts = self._dropout(torch.nn.functional.gelu(self._start(encoded)))
        ends = self._dropout(torch.nn.functional.gelu(self._end(encoded)))
        # Shape: (batch_size, num_tokens, num_labels, projection_dim + 1)
        wanted = self._bilinear(starts).unflatten(2, (num_labels, -1))
        # Shape: (batch_size, num_tokens, projection_dim, max_width)
        windows = torch.nn.functional.pad(ends, (0, 0, 0, max_width - 1)).unfold(1, max_width, 1)
        scores = torch.matmul(wanted[..., :-1], windows) + wanted[..., -1:]
        return scores.transpose(2, 3) + self._width_bias
