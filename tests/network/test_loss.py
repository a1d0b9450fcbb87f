"""Each term of the loss, and their sum, against computations in numpy."""

from itertools import combinations

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch.distributions import Normal, kl_divergence

from sklearn_m3l.network import TopicLoss, _loss
from sklearn_m3l.network._batch import Cells
from sklearn_m3l.network._decoder import Decoder
from sklearn_m3l.network._loss import (
    gaussian_kl,
    info_nce,
    joint_contrast,
    pairwise_contrast,
    pairwise_kl,
    reconstruction_loss,
)

N_TOPICS = 3
SIMILARITIES = {
    "cosine": lambda a, b: a @ b / np.linalg.norm(a) / np.linalg.norm(b),
    "dot": lambda a, b: a @ b,
    "hellinger": lambda a, b: np.sqrt(a * b).sum(),
}


def numpy_info_nce(a, b, temperature, similarity, groups=None):
    """Return InfoNCE of each row that has both views, one candidate at a time.

    Rows are absent where they are NaN.
    """
    similarity = SIMILARITIES[similarity]
    both = np.flatnonzero(~np.isnan(a[:, 0]) & ~np.isnan(b[:, 0]))
    total = np.zeros(len(a))
    for row in both:
        for own, other in ((a, b), (b, a)):
            positive = np.exp(similarity(own[row], other[row]) / temperature)
            denominator = positive
            for negative in both:
                if negative == row or (
                    groups is not None and groups[negative] == groups[row]
                ):
                    continue
                for view in (own, other):
                    denominator += np.exp(
                        similarity(own[row], view[negative]) / temperature
                    )
            total[row] -= np.log(positive / denominator) / 2
    return total


def numpy_joint_contrast(views, temperature, similarity, groups=None):
    """Return the contrast of Eq. 1, one pair at a time; views are absent where NaN."""
    similarity, total, n_rows = (
        SIMILARITIES[similarity],
        np.zeros(len(views[0])),
        len(views[0]),
    )
    vectors = [
        [view[row] for view in views if not np.isnan(view[row, 0])]
        for row in range(n_rows)
    ]
    for i in range(n_rows):
        denominator = 0.0
        for j in range(n_rows):
            if i != j and groups is not None and groups[i] == groups[j]:
                continue
            for c in vectors[i]:
                for d in vectors[j]:
                    denominator += np.exp(similarity(c, d) / temperature)
        for a, one in enumerate(vectors[i]):
            for b, other in enumerate(vectors[i]):
                if a != b:
                    positive = np.exp(similarity(one, other) / temperature)
                    total[i] -= np.log(positive / denominator)
    return total


def numpy_reconstruction(theta, beta, counts, decoder="product"):
    """Return -counts . log p of the rows that are not NaN; beta by words and topics."""
    present = ~np.isnan(theta[:, 0])
    if decoder == "mixture":
        phi = np.exp(beta) / np.exp(beta).sum(axis=0)
        return -(counts[present] * np.log(theta[present] @ phi.T)).sum()
    beta = beta.T
    logits = theta[present] @ beta
    logits = (logits - logits.mean(axis=0)) / np.sqrt(logits.var(axis=0) + 1e-5)
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return -(counts[present] * log_p).sum()


def normals(*gaussians):
    return [
        Normal(mean, (0.5 * log_variance).exp()) for mean, log_variance in gaussians
    ]


def random_gaussians(seed, n_rows=8):
    rng = np.random.default_rng(seed)
    return torch.tensor(rng.normal(size=(2, n_rows, N_TOPICS)))


def random_topics(seed, n_rows=8, n_topics=N_TOPICS):
    return np.random.default_rng(seed).dirichlet(np.full(n_topics, 0.5), n_rows)


def spread(batch, name, part):
    """Return rows of a view at their positions in the batch, NaN where absent."""
    rows = batch.rows[name]
    full = np.full((batch.size, part.shape[1]), np.nan)
    full[slice(None) if rows is None else rows.numpy()] = part.detach().numpy()
    return full


def loss_and_gradients(network, loss, batch):
    network.zero_grad()
    value = loss(network(batch), batch)
    value.backward()
    return value.detach(), [
        parameter.grad.clone() for parameter in network.parameters()
    ]


@pytest.mark.parametrize("distance", [1.0, 100.0])
def test_pairwise_kl_is_that_of_all_ordered_pairs(distance):
    # Rows have 3, 0, 1, 2 and 2 views.
    rows = torch.tensor([0, 2, 3, 4, 0, 3, 4, 0])
    table = torch.tensor([[0, -1, 1, 2, 3], [4, -1, -1, 5, 6], [7, -1, -1, -1, -1]])
    mean, log_variance = random_gaussians(0)
    mean = distance + mean * distance
    expected = 0.0
    for a in range(8):
        for b in range(8):
            if a != b and rows[a] == rows[b]:
                p, q = normals((mean[a], log_variance[a]), (mean[b], log_variance[b]))
                expected += kl_divergence(p, q).sum()
    assert_allclose(pairwise_kl(mean, log_variance, table), expected)
    same = mean[:1].repeat(8, 1), log_variance[:1].repeat(8, 1)
    assert_allclose(pairwise_kl(*same, table), 0, atol=1e-10)


def test_gaussian_kl():
    a, b = random_gaussians(0), random_gaussians(1)
    p, q = normals(a, b)
    assert_allclose(gaussian_kl(*a, *b), kl_divergence(p, q).sum())
    standard = kl_divergence(p, Normal(0.0, 0.5)).sum()
    log_variance = torch.tensor(0.25, dtype=torch.float64).log()
    assert_allclose(gaussian_kl(*a, 0.0, log_variance), standard)


@pytest.mark.parametrize("similarity", SIMILARITIES)
@pytest.mark.parametrize("groups", [None, [0, 0, 1, 2, 2, 2, 3, 4], [7] * 8])
@pytest.mark.parametrize("temperature", [0.07, 1.0])
def test_info_nce(similarity, groups, temperature):
    a, b = random_topics(0), random_topics(1)
    represent = _loss.SIMILARITIES[similarity]
    result = info_nce(
        represent(torch.tensor(a)),
        represent(torch.tensor(b)),
        temperature=temperature,
        groups=None if groups is None else torch.tensor(groups),
    )
    expected = numpy_info_nce(a, b, temperature, similarity, groups).sum()
    assert_allclose(result, expected, atol=1e-12)


def test_info_nce_of_one_row_is_zero():
    a = torch.tensor(random_topics(0, 1), requires_grad=True)
    b = torch.tensor(random_topics(1, 1))
    result = info_nce(a, b, temperature=0.07)
    result.backward()
    assert result == 0 and (a.grad == 0).all()


@pytest.mark.parametrize("similarity", SIMILARITIES)
def test_info_nce_is_added_per_row(similarity):
    # Two halves in topics of their own are hardly negatives of each other,
    # so together they weigh the sum, not the mean, of each.
    near, far = np.zeros((2, 8, 2 * N_TOPICS))
    for view, seed in ((near, 0), (far, 1)):
        view[:4, :N_TOPICS] = random_topics(seed, 4)
        view[4:, N_TOPICS:] = random_topics(seed + 2, 4)
    near, far = (_loss.SIMILARITIES[similarity](torch.tensor(v)) for v in (near, far))
    whole = info_nce(near, far, temperature=0.01)
    halves = [
        info_nce(near[r], far[r], temperature=0.01) for r in (slice(4), slice(4, 8))
    ]
    assert_allclose(whole, sum(halves), rtol=1e-3)
    assert whole > 1


def test_gradient_where_a_topic_has_no_weight():
    a = torch.tensor([[1.0, 0.0], [0.5, 0.5]], requires_grad=True)
    b = torch.tensor([[0.0, 1.0], [0.5, 0.5]])
    represent = _loss.SIMILARITIES["hellinger"]
    info_nce(represent(a), represent(b), temperature=0.1).backward()
    assert a.grad.isfinite().all()


TABLE = torch.tensor(
    [[4, 0, -1, 1, 2, -1], [3, -1, -1, 5, 6, 7], [8, 10, 9, -1, 11, 12]]
)


@pytest.mark.parametrize("similarity", SIMILARITIES)
@pytest.mark.parametrize("groups", [None, [0, 0, 1, 2, 2, 2], [7] * 6])
@pytest.mark.parametrize("contrast", ["pairwise", "joint"])
def test_contrast_of_all_views(similarity, groups, contrast):
    topics = random_topics(0, 13)
    weights = np.random.default_rng(1).uniform(size=6)
    views = [np.where(t[:, None] >= 0, topics[t], np.nan) for t in TABLE.numpy()]
    if contrast == "joint":
        of_row = numpy_joint_contrast(views, 0.3, similarity, groups)
        function, expected = joint_contrast, of_row @ weights
    else:
        function, expected = pairwise_contrast, 0.0
        for i, a in enumerate(views):
            for b in views[i + 1 :]:
                of_row = numpy_info_nce(a, b, 0.3, similarity, groups)
                expected += of_row @ weights
    result = function(
        _loss.SIMILARITIES[similarity](torch.tensor(topics)),
        TABLE,
        temperature=0.3,
        groups=None if groups is None else torch.tensor(groups),
        weights=torch.tensor(weights),
    )
    assert_allclose(result, expected)


@pytest.mark.parametrize("rows", [[0, 2, 3, 4, 6, 10, 11], [8, 5, 1, 3, 0]])
@pytest.mark.parametrize("decoder", ["product", "mixture"])
def test_reconstruction(tuples, make_network, make_batch, rows, decoder):
    rows = np.array(rows)
    network = make_network(tuples, decoder=decoder)
    batch = make_batch(tuples, rows)
    posterior, texts = network(batch)
    for name in ("en", "de"):
        theta = spread(batch, name, posterior[name].sample)
        beta = network.decoders[network.decoded.index(name)].beta.detach().numpy()
        counts = tuples[name].counts[rows].toarray()
        assert_allclose(
            reconstruction_of(texts[name]),
            numpy_reconstruction(theta, beta, counts, decoder),
            rtol=1e-5,
        )


@pytest.mark.parametrize("decoder", ["product", "mixture"])
def test_reconstruction_of_a_text_from_another_view(
    tuples, make_network, make_batch, decoder
):
    # As in distillation: German words from the topics of the picture, in the rows
    # that have both.
    X = tuples[["de", "image"]]
    network = make_network(
        X, widths={"image": 4}, decoded_from={"de": "image"}, decoder=decoder
    )
    batch = make_batch(X, encoded=["image"])
    posterior, texts = network(batch)
    theta = spread(batch, "image", posterior["image"].sample)
    theta[~X.present["de"]] = np.nan
    beta = network.decoders[0].beta.detach().numpy()
    expected = numpy_reconstruction(theta, beta, X["de"].counts.toarray(), decoder)
    assert_allclose(reconstruction_of(texts["de"]), expected, rtol=1e-5)


def test_a_word_that_no_topic_has_is_not_infinitely_surprising():
    # 1e-60 is zero in single precision.
    decoder = Decoder(2, 3, "mixture", False, torch.Generator())
    decoder.set_topics([[0.5, 0.5, 0.0], [0.5, 0.5, 1e-60]])
    theta = torch.tensor([[0.25, 0.75]], requires_grad=True)
    cells = Cells(torch.tensor([0]), torch.tensor([2]), torch.tensor([3.0]))
    loss = reconstruction_loss(theta, cells, decoder)
    loss.backward()
    assert 100 < loss < 300
    assert theta.grad.isfinite().all() and decoder.beta.grad.isfinite().all()


def test_background(tuples, make_network, make_batch):
    network = make_network(tuples, decoder="mixture", background=True)
    rng = np.random.default_rng(0)
    topic_word, background = rng.dirichlet(np.ones(7), 3), rng.dirichlet(np.ones(7))
    network.set_topics("en", topic_word)
    network.set_background("en", background)
    with torch.no_grad():
        network.decoders[0].background_logit.fill_(-1.0)
    posterior, texts = network(make_batch(tuples))
    share = 1 / (1 + np.e)
    p = (1 - share) * posterior["en"].sample.detach().numpy() @ topic_word
    counts = tuples["en"].counts[tuples.present["en"]].toarray()
    expected = -(counts * np.log(p + share * background)).sum()
    assert_allclose(reconstruction_of(texts["en"]), expected, rtol=1e-5)


@pytest.mark.parametrize("decoder", ["product", "mixture", "background"])
def test_decoded_words_are_those_of_the_loss(tuples, make_network, make_batch, decoder):
    changes = {"decoder": decoder}
    if decoder == "background":
        changes = {"decoder": "mixture", "background": True}
    network = make_network(tuples, **changes, scale=2.0, bias=True).eval()
    batch = make_batch(tuples)
    posterior, texts = network(batch)
    log_p = network.decode("de", posterior["de"].sample).detach().numpy()
    counts = tuples["de"].counts[tuples.present["de"]].toarray()
    assert_allclose(reconstruction_of(texts["de"]), -(counts * log_p).sum(), rtol=1e-5)


def reconstruction_of(text):
    return reconstruction_loss(text.theta, text.cells, text.decoder).detach()


WEIGHTS = {
    "defaults": {},
    "kl": {"kl_weight": 0.3},
    "contrast": {"contrastive_weight": 50.0, "temperature": 0.2},
    "contrast of draws": {"contrastive_weight": 5.0, "contrast_on": "sample"},
    "prior": {"prior_weight": 0.7},
    "joint": {"contrastive_weight": 3.0, "contrast": "joint", "temperature": 0.2},
    "sum": {"contrastive_weight": 3.0, "balance_views": False},
    "all": {"kl_weight": 2.0, "contrastive_weight": 3.0, "prior_weight": 0.5},
}


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("own_prior", [False, True])
@pytest.mark.parametrize("articles", [False, True])
def test_whole_loss(tuples, make_network, make_batch, weights, own_prior, articles):
    weights = {"prior_weight": 0.0, **WEIGHTS[weights]}
    pair_weight = np.arange(12, dtype=np.float32) if articles else None
    rows = np.array([11, 0, 1, 5, 3, 7, 8, 9, 10])
    rng = np.random.default_rng(2)
    prior = rng.normal(size=(2, 12, N_TOPICS)).astype(np.float32)
    groups = np.arange(12) // 3
    network = make_network(tuples, scale=1.5, bias=True)
    with torch.no_grad():
        network.bias.copy_(torch.tensor([1.0, -0.5, 0.1]))
    batch = make_batch(
        tuples,
        rows,
        groups=groups if articles else None,
        prior=prior if own_prior else None,
        pair_weight=pair_weight,
        seed=0 if weights.get("contrast_on") == "sample" else None,
    )
    outputs = posterior, _ = network(batch)
    posteriors = {name: posterior[name] for name in posterior.views}
    mean, log_variance, sample = (
        {name: spread(batch, name, getattr(p, part)) for name, p in posteriors.items()}
        for part in ("mean", "log_variance", "sample")
    )
    expected = 0.0
    for decoder, name in zip(network.decoders, ("en", "de"), strict=True):
        beta, counts = decoder.beta.detach().numpy(), tuples[name].counts[rows]
        expected += numpy_reconstruction(sample[name], beta, counts.toarray())

    def divergence(mean, log_variance, other_mean, other_log_variance):
        both = ~np.isnan(mean[:, 0]) & ~np.isnan(other_mean[:, 0])
        p = Normal(*map(torch.tensor, (mean[both], np.exp(log_variance[both] / 2))))
        q = Normal(
            *map(torch.tensor, (other_mean[both], np.exp(other_log_variance[both] / 2)))
        )
        return float(kl_divergence(p, q).sum())

    own = prior[:, rows] if own_prior else np.zeros((2, len(rows), N_TOPICS))
    if not own_prior:
        own[0], own[1] = network.bias.detach().numpy(), np.log(1 - 1 / N_TOPICS)
    n_views = np.sum([~np.isnan(m[:, 0]) for m in mean.values()], axis=0)
    of_row = np.ones(len(rows))
    if weights.get("balance_views", True):
        of_row = 1 / np.maximum(n_views - 1, 1)
    if articles:
        of_row *= pair_weight[rows]
    theta = sample
    if weights.get("contrast_on") != "sample":
        theta = {n: np.exp(m) / np.exp(m).sum(1)[:, None] for n, m in mean.items()}
    for a in posteriors:
        expected += weights["prior_weight"] * divergence(mean[a], log_variance[a], *own)
        for b in posteriors:
            if a != b:  # every ordered pair
                expected += weights.get("kl_weight", 0) * divergence(
                    mean[a], log_variance[a], mean[b], log_variance[b]
                )
    articles = groups[rows] if articles else None
    settings = weights.get("temperature", 0.07), "cosine", articles
    if weights.get("contrast") == "joint":
        contrasts = [numpy_joint_contrast(list(theta.values()), *settings)]
    else:
        contrasts = [
            numpy_info_nce(theta[a], theta[b], *settings)
            for a, b in combinations(theta, 2)
        ]
    expected += weights.get("contrastive_weight", 0) * sum(contrasts) @ of_row
    loss = TopicLoss(N_TOPICS, **weights)(outputs, batch)
    assert_allclose(loss.detach(), expected, rtol=1e-4)


def test_one_topic_has_a_prior(make_network, make_batch, tuples):
    network = make_network(tuples, n_components=1)
    batch = make_batch(tuples)
    loss = TopicLoss(1, prior_weight=1.0, contrastive_weight=1.0, kl_weight=1.0)
    assert loss(network(batch), batch).isfinite()


def test_absent_views_leave_no_trace(make_tuples, make_network, make_batch):
    network = make_network(make_tuples())
    loss = TopicLoss(N_TOPICS, 0.1, 0.5, 10.0)
    results = []
    for absent_seed in (None, 1, 2):
        X = make_tuples(absent_seed)
        prior = np.zeros((2, 12, N_TOPICS), dtype=np.float32)
        batch = make_batch(X, groups=np.arange(12) // 2, prior=prior)
        results.append(loss_and_gradients(network, loss, batch))
    for value, gradients in results[1:]:
        assert value == results[0][0]
        for gradient, first in zip(gradients, results[0][1], strict=True):
            assert torch.equal(gradient, first)
    assert all(gradient.isfinite().all() for gradient in results[0][1])


def test_rows_without_a_view_are_no_negatives(make_tuples, make_network, make_batch):
    # The contrast of English and pictures is the same without the rows that lack one.
    X = make_tuples()[["en", "image"]]
    both = np.flatnonzero(X.present["en"] & X.present["image"])
    network = make_network(X).eval()  # batch statistics would differ

    def contrast(rows):
        batch = make_batch(X, rows)
        outputs = network(batch)
        without, with_contrast = (
            TopicLoss(N_TOPICS, prior_weight=0.0, contrastive_weight=weight)
            for weight in (0, 1)
        )
        return (with_contrast(outputs, batch) - without(outputs, batch)).detach()

    assert_allclose(contrast(np.arange(12)), contrast(both), rtol=1e-4)
    assert contrast(both) > 1


@pytest.mark.parametrize("shown", [0, 1, 2])
def test_batches_that_hardly_show_a_view(make_tuples, make_network, make_batch, shown):
    present = {"image": np.arange(12) < shown, "en": np.ones(12, bool)}
    X = make_tuples(present=present)
    network = make_network(X)
    batch = make_batch(X, np.arange(8))
    loss = TopicLoss(N_TOPICS, 0.1, 0.5, 10.0)(network(batch), batch)
    loss.backward()
    image = network.inference[2].head.weight.grad
    assert loss.isfinite()
    assert (image is None) == (shown == 0)
    if shown:
        assert image.isfinite().all()


def test_rows_that_only_have_a_picture(make_tuples, make_network, make_batch):
    present = {name: np.arange(12) < 6 for name in ("en", "de")}
    X = make_tuples(present=present | {"image": np.ones(12, bool)})
    network = make_network(X)
    batch = make_batch(X, np.arange(6, 12))
    loss = TopicLoss(N_TOPICS, 0.1, 0.0, 10.0)(network(batch), batch)
    loss.backward()
    assert loss == 0
    with torch.inference_mode():
        assert TopicLoss(N_TOPICS, 0.1, 0.0, 10.0)(network(batch), batch) == 0
