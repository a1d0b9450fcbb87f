"""Decoders, which map topics to the words of one language."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sklearn_m3l.network._layers import BatchNorm

# Keeps the logarithm of a probability finite.
TINY = 1e-30


class Decoder(nn.Module):
    """Maps topic distributions to log-probabilities of one language's words.

    Parameters
    ----------
    n_components, n_words : int
        Numbers of topics and words.
    kind : {"mixture", "product"}
        Whether a word's probability is the mean of its probabilities in the topics,
        weighted by their proportions, or a softmax of the weighted mean of its
        batch-normalized weights (ProdLDA's product of experts).
    background : bool
        Whether a mixture has one more component in every row: fixed word probabilities
        with a learned share.
    generator : torch.Generator
        Draws the initial weights.
    """

    background: Tensor | None
    background_logit: nn.Parameter | None
    # The cached result of `phi`, and the weights that it was computed from.
    _kept: tuple[tuple[int, int], Tensor] | None = None

    def __init__(self, n_components, n_words, kind, background, generator):
        super().__init__()
        # As in `nn.Linear`: one row per output.
        self.beta = nn.Parameter(torch.empty(n_words, n_components))
        if kind == "mixture":
            self.norm = None
            nn.init.normal_(self.beta, generator=generator)
        else:
            self.norm = BatchNorm(n_words)
            nn.init.xavier_uniform_(self.beta, generator=generator)
        uniform = torch.full((n_words,), 1 / n_words) if background else None
        self.register_buffer("background", uniform)
        self.background_logit = nn.Parameter(torch.zeros(())) if background else None

    def forward(
        self, theta: Tensor, n_rows: int | None = None, present: Tensor | None = None
    ) -> Tensor:
        """Return log-probabilities of the words, (n, n_words).

        `n_rows` is the number of rows of all processes that share a batch; `present`
        marks the rows that exist.
        """
        if self.norm is None:
            share, common = self.split()
            p = share * (theta @ self.phi().t()) + common
            return (p + TINY).log()
        return F.log_softmax(self.norm(theta @ self.beta.t(), n_rows, present), dim=1)

    def phi(self) -> Tensor:
        """Return the probabilities of words in the topics of a mixture, transposed.

        Those of a frozen decoder are cached until its weights change.
        """
        if not self.frozen:
            return F.softmax(self.beta, dim=0)
        state = self.beta.data_ptr(), self.beta._version
        if self._kept is None or self._kept[0] != state:
            with torch.inference_mode(False):  # training uses the cache, too
                self._kept = state, F.softmax(self.beta, dim=0)
        return self._kept[1]

    def __getstate__(self):
        return self.__dict__ | {"_kept": None}

    def split(self) -> tuple[Tensor, Tensor]:
        """Return the share of the topics, and the background's part of each word."""
        if self.background is None or self.background_logit is None:
            return self.beta.new_ones(()), self.beta.new_zeros(len(self.beta))
        share = torch.sigmoid(self.background_logit)
        return 1 - share, share * self.background

    def set_topics(self, topic_word) -> None:
        """Start from topic-word probabilities of shape (n_components, n_words)."""
        probabilities = torch.as_tensor(topic_word, dtype=self.beta.dtype)
        with torch.no_grad():
            self.beta.copy_(probabilities.t().clamp_min(TINY).log())

    @property
    def frozen(self) -> bool:
        """Whether training leaves the decoder unchanged."""
        return not self.beta.requires_grad

    def freeze(self) -> None:
        """Keep topics and statistics unchanged in training."""
        self.beta.requires_grad_(False)
        if self.norm is not None:
            self.norm.frozen = True
