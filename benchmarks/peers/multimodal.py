"""Systems that read pictures, too: all of them need the weights of CLIP."""

from benchmarks.peers.delivery import NEEDS_CLIP, Cannot, Corpus, Fitted


def fit_multimodal(corpus: Corpus, *_) -> Fitted:
    """Say what is missing."""
    raise Cannot(NEEDS_CLIP if corpus.pictures else "there are no pictures")
