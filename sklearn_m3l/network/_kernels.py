"""Compiled code for training on a CPU.

Each function fills the arrays that it is given; `g_x` is the gradient for x.

All are in one file, since numba's cache ignores changes in other files.
"""

import math

import numpy as np

from sklearn_m3l.utils._numba import compiler

# Sums may be reordered, but infinite values and NaN must survive.
_FASTMATH = {"reassoc", "contract", "nsz", "arcp"}
kernel = compiler(fastmath=_FASTMATH)
# Inlined, since a cached and a fresh copy of a helper may round differently.
inlined = compiler(fastmath=_FASTMATH, forceinline=True)
_ZERO, _HALF, _ONE = np.float32(0), np.float32(0.5), np.float32(1)
_LOWEST = np.float32(-np.inf)

# Those of torch.nn.functional.batch_norm.
_EPSILON, _MOMENTUM = np.float32(1e-5), np.float32(0.1)
_TINY = np.float32(1e-30)  # as in `_module`


def _coefficients(function, degree: int) -> tuple[np.float32, ...]:
    """Return a polynomial that is close to a function on [0, 1], lowest power first."""
    series = np.polynomial.Chebyshev.interpolate(function, degree, [0, 1])
    return tuple(series.convert(kind=np.polynomial.Polynomial).coef.astype(np.float32))


# As exact as single precision is: 2**x, and log(1 + x) / x.
_EXP2 = _coefficients(np.exp2, 6)
_LOG1P = _coefficients(lambda x: np.log1p(x + 1e-30) / (x + 1e-30), 9)
_LOG2_E = np.float32(math.log2(math.e))


@inlined
def exp(x):
    """Return e**x of a float32: the library's function takes one number at a time."""
    power = x * _LOG2_E
    whole = np.floor(power)
    rest = power - whole
    c0, c1, c2, c3, c4, c5, c6 = _EXP2
    y = c3 + rest * (c4 + rest * (c5 + rest * c6))
    y = c0 + rest * (c1 + rest * (c2 + rest * y))
    # 2**whole, put together from its bits: 0 below the smallest, infinite above.
    exponent = min(max(np.int32(whole), np.int32(-127)), np.int32(128))
    return y * np.int32((exponent + 127) << 23).view(np.float32)


@kernel
def random_bits(seed, out):
    """Fill an array of int64 with the random numbers of a seed (splitmix64).

    References
    ----------
    G. Steele, D. Lea and C. Flood, "Fast Splittable Pseudorandom Number Generators",
    OOPSLA 2014.
    """
    step, first = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)
    second, state = np.uint64(0x94D049BB133111EB), np.uint64(seed)
    for i in range(out.size):
        z = state + np.uint64(i + 1) * step
        z = (z ^ (z >> np.uint64(30))) * first
        z = (z ^ (z >> np.uint64(27))) * second
        out[i] = np.int64(z ^ (z >> np.uint64(31)))


@kernel
def softplus(y, bias, bits, lowest, factor, slope):
    """Add the bias to y, apply softplus and dropout in place; fill the slopes."""
    c0, c1, c2, c3, c4, c5, c6, c7, c8, c9 = _LOG1P
    for row in range(len(y)):
        for j in range(y.shape[1]):
            x = y[row, j] + bias[j]
            small = exp(-abs(x))
            log = c6 + small * (c7 + small * (c8 + small * c9))
            log = c3 + small * (c4 + small * (c5 + small * log))
            log = c0 + small * (c1 + small * (c2 + small * log))
            kept = factor if bits[row, j] >= lowest else _ZERO
            y[row, j] = kept * (max(x, _ZERO) + small * log)
            share = _ONE / (_ONE + small)
            slope[row, j] = kept * (share if x >= _ZERO else small * share)


@kernel
def mixture(
    theta, phi, share, common, rows, words, counts, g_theta, g_phi, g_share, g_common
):  # fmt: skip
    """Return the negative log-likelihood of words in a mixture; add to the gradients.

    `share` is that of the topics; `common` is added for each word. `g_phi` is empty if
    the topics are frozen.
    """
    loss, n_topics = 0.0, phi.shape[1]
    for cell in range(len(rows)):
        row, word, mean = rows[cell], words[cell], _ZERO
        for k in range(n_topics):
            mean += theta[row, k] * phi[word, k]
        p = share[()] * mean + common[word] + _TINY
        loss -= counts[cell] * math.log(p)
        g_p = -counts[cell] / p
        g_share[()] += g_p * mean
        g_common[word] += g_p
        g_mean = g_p * share[()]
        for k in range(n_topics):
            g_theta[row, k] += g_mean * phi[word, k]
        if g_phi.size:
            for k in range(n_topics):
                g_phi[word, k] += g_mean * theta[row, k]
    return loss


@kernel
def product(logits, rows, words, counts, mean, variance, fixed, g_logits):
    """Return the negative log-likelihood of words in a product of topics.

    The logits are normalized in place; `mean` and `variance` are running statistics,
    which are updated unless they are `fixed`. Cells are in the order of the rows.
    """
    room = np.empty((3, logits.shape[1]), np.float32)
    batch_norm(logits, mean, variance, fixed, room[2])
    loss = _likelihood(logits, rows, words, counts, g_logits)
    batch_norm_backward(logits, room[2], fixed, g_logits, room[0], room[1])
    return loss


@inlined
def batch_norm(x, mean, variance, fixed, scale):
    """Normalize in place; fill the inverse deviations, and update the statistics.

    The statistics are those of the batch, or the running ones if these are fixed.
    """
    n_rows, width = x.shape
    if fixed:
        for j in range(width):
            scale[j] = _ONE / np.sqrt(variance[j] + _EPSILON)
        for row in range(n_rows):
            for j in range(width):
                x[row, j] = (x[row, j] - mean[j]) * scale[j]
        return
    share, unbiased = np.float32(1 / n_rows), np.float32(n_rows / (n_rows - 1))
    for j in range(width):
        scale[j] = _ZERO
    for row in range(n_rows):
        for j in range(width):
            scale[j] += share * x[row, j]
    for row in range(n_rows):
        for j in range(width):
            x[row, j] -= scale[j]
    for j in range(width):
        mean[j] += _MOMENTUM * (scale[j] - mean[j])
        scale[j] = _ZERO
    for row in range(n_rows):
        for j in range(width):
            scale[j] += share * x[row, j] * x[row, j]
    for j in range(width):
        variance[j] += _MOMENTUM * (unbiased * scale[j] - variance[j])
        scale[j] = _ONE / np.sqrt(scale[j] + _EPSILON)
    for row in range(n_rows):
        for j in range(width):
            x[row, j] *= scale[j]


@inlined
def batch_norm_backward(y, scale, fixed, gradient, mean, slope):
    """Turn the gradient for normalized values, y, into that for the input, in place.

    `mean` and `slope` are work space, one number per column.
    """
    n_rows, width = y.shape
    for j in range(width):
        mean[j] = slope[j] = _ZERO
    if not fixed:
        share = np.float32(1 / n_rows)
        for row in range(n_rows):
            for j in range(width):
                mean[j] += share * gradient[row, j]
                slope[j] += share * gradient[row, j] * y[row, j]
    for row in range(n_rows):
        for j in range(width):
            pull = gradient[row, j] - mean[j] - y[row, j] * slope[j]
            gradient[row, j] = scale[j] * pull


@inlined
def _likelihood(logits, rows, words, counts, g_logits):
    n_rows, n_words = logits.shape
    loss, cell = 0.0, 0
    for row in range(n_rows):
        highest, total, n_tokens = _LOWEST, _ZERO, _ZERO
        for word in range(n_words):
            highest = max(highest, logits[row, word])
        for word in range(n_words):
            g_logits[row, word] = exp(logits[row, word] - highest)
            total += g_logits[row, word]
        first = cell
        while cell < len(rows) and rows[cell] == row:
            n_tokens += counts[cell]
            cell += 1
        for word in range(n_words):
            g_logits[row, word] *= n_tokens / total
        normalizer = highest + math.log(total)
        for position in range(first, cell):
            word = words[position]
            loss += counts[position] * (normalizer - logits[row, word])
            g_logits[row, word] -= counts[position]
    return loss


@kernel
def pairwise_contrast(products, table, inverse, groups, weights, g_products):
    """Return InfoNCE summed over pairs of views; add to the gradient for products.

    `table` has the position of each view of each row, or -1; the similarity of two
    vectors is their product times `inverse`. Without groups, each row has its own.
    """
    n_views, n_rows = table.shape
    positions, own = np.empty((2, 2 * n_rows), np.int64)
    logits = np.empty(2 * n_rows, np.float32)
    total = 0.0
    for a in range(n_views):
        for b in range(a):
            size = 0
            for row in range(n_rows):
                if table[a, row] >= 0 and table[b, row] >= 0:
                    own[size] = row
                    size += 1
            for i in range(size):
                own[size + i] = own[i]
                positions[i], positions[size + i] = table[a, own[i]], table[b, own[i]]
            for anchor in range(2 * size):
                partner = anchor + size if anchor < size else anchor - size
                here, weight = positions[anchor], _HALF * weights[own[anchor]]
                for j in range(2 * size):
                    logits[j] = inverse * products[here, positions[j]]
                positive = logits[partner]
                # A row's negatives are neither itself nor rows of its article.
                logits[anchor] = _LOWEST
                for j in range(2 * size if len(groups) else 0):
                    if groups[own[j]] == groups[own[anchor]] and j != partner:
                        logits[j] = _LOWEST
                highest, share = _LOWEST, _ZERO
                for j in range(2 * size):
                    highest = max(highest, logits[j])
                for j in range(2 * size):
                    # Excluded values stay finite, but far below all others.
                    logits[j] = exp(max(logits[j] - highest, np.float32(-200)))
                    share += logits[j]
                total += weight * (math.log(share) - (positive - highest))
                for j in range(2 * size):
                    pull = weight * inverse * logits[j] / share
                    g_products[here, positions[j]] += pull
                g_products[here, positions[partner]] -= weight * inverse
    return total


@kernel
def joint_contrast(products, table, inverse, groups, weights, g_products):
    """Return the contrast of Eq. 1; see `pairwise_contrast`."""
    n_views, n_rows = table.shape
    logits = np.empty((n_views, n_views * n_rows), np.float32)
    total = 0.0
    for row in range(n_rows):
        n_present = (table[:, row] >= 0).sum()
        if n_present < 2:
            continue
        n_pairs, highest, share = np.float32(n_present * (n_present - 1)), _LOWEST, 0.0
        for c in range(n_views):
            for d in range(n_views):
                for other in range(n_rows):
                    here, there = table[c, row], table[d, other]
                    own = len(groups) > 0 and groups[row] == groups[other]
                    logit = _LOWEST
                    if min(here, there) >= 0 and (other == row or not own):
                        logit = inverse * products[here, there]
                    logits[c, d * n_rows + other] = logit
                    highest = max(highest, logit)
        for c in range(n_views):
            for j in range(n_views * n_rows):
                logits[c, j] = exp(max(logits[c, j] - highest, np.float32(-200)))
                share += logits[c, j]
        total += weights[row] * n_pairs * (math.log(share) + highest)
        factor = weights[row] * inverse
        for c in range(n_views):
            for d in range(n_views):
                for other in range(n_rows):
                    here, there = table[c, row], table[d, other]
                    if min(here, there) >= 0:
                        pull = (
                            n_pairs * logits[c, d * n_rows + other] / np.float32(share)
                        )
                        g_products[here, there] += factor * pull
                if c != d and min(table[c, row], table[d, row]) >= 0:
                    g_products[table[c, row], table[d, row]] -= factor
                    total -= factor * products[table[c, row], table[d, row]]
    return total


@kernel
def gaussian_kl(
    mean, log_variance, prior_mean, prior_log_variance,
    g_mean, g_log_variance, g_prior_mean,
):  # fmt: skip
    """Return the divergence of Gaussians from priors: one each, or one for all."""
    total = 0.0
    for row in range(len(mean)):
        own, part = (row if len(prior_mean) > 1 else 0), _ZERO
        for k in range(mean.shape[1]):
            precision = exp(-prior_log_variance[own, k])
            ratio = log_variance[row, k] - prior_log_variance[own, k]
            distance, share = mean[row, k] - prior_mean[own, k], exp(ratio)
            part += share + distance * distance * precision - _ONE - ratio
            g_mean[row, k] = distance * precision
            g_log_variance[row, k] = _HALF * (share - _ONE)
            g_prior_mean[own, k] -= distance * precision
        total += float(part)
    return 0.5 * total


@kernel
def pairwise_kl(mean, log_variance, table, g_mean, g_log_variance):
    """Return the divergences of the ordered pairs of views; see `pairwise_contrast`."""
    total = 0.0
    for one in range(len(table)):
        for other in range(one):
            for row in range(table.shape[1]):
                a, b, part = table[one, row], table[other, row], _ZERO
                for k in range(mean.shape[1] if min(a, b) >= 0 else 0):
                    distance = mean[a, k] - mean[b, k]
                    precision_a = exp(-log_variance[a, k])
                    precision_b = exp(-log_variance[b, k])
                    ratio = exp(log_variance[a, k] - log_variance[b, k])
                    to_b = ratio + distance * distance * precision_b
                    to_a = _ONE / ratio + distance * distance * precision_a
                    part += to_a + to_b - np.float32(2)
                    pull = distance * (precision_a + precision_b)
                    g_mean[a, k] += pull
                    g_mean[b, k] -= pull
                    g_log_variance[a, k] += _HALF * (ratio - to_a)
                    g_log_variance[b, k] += _HALF * (_ONE / ratio - to_b)
                total += float(part)
    return 0.5 * total


@kernel
def draw(
    y, mean, variance, fixed, deviation, scale, bias, noise,
    bits, lowest, factor, values,
):  # fmt: skip
    """Normalize y in place; fill means, log-variances, topics, and topics to decode.

    These are the four `values`. See `product`; `deviation` is filled with the inverse
    deviations.
    """
    batch_norm(y, mean, variance, fixed, deviation)
    n_rows, n_topics = noise.shape
    for row in range(n_rows):
        highest, total = _LOWEST, _ZERO
        for k in range(n_topics):
            values[0, row, k] = scale * y[row, k] + bias[k]
            values[1, row, k] = y[row, n_topics + k]
            spread = noise[row, k] * exp(_HALF * y[row, n_topics + k])
            values[2, row, k] = values[0, row, k] + spread
            highest = max(highest, values[2, row, k])
        for k in range(n_topics):
            values[2, row, k] = exp(values[2, row, k] - highest)
            total += values[2, row, k]
        for k in range(n_topics):
            values[2, row, k] /= total
            kept = factor if bits[row, k] >= lowest else _ZERO
            values[3, row, k] = kept * values[2, row, k]


@kernel
def draw_backward(
    y, fixed, deviation, scale, noise, bits, lowest, factor, theta,
    g_mean, g_log_variance, g_theta, g_decoded, g_bias, g_y,
):  # fmt: skip
    """Fill the gradients for the input of `draw`, which normalized y."""
    n_rows, n_topics = noise.shape
    room = np.empty((2, 2 * n_topics), np.float32)
    g_bias[:] = _ZERO
    for row in range(n_rows):
        inner = _ZERO
        for k in range(n_topics):
            kept = factor if bits[row, k] >= lowest else _ZERO
            g_y[row, k] = g_theta[row, k] + kept * g_decoded[row, k]
            inner += g_y[row, k] * theta[row, k]
        for k in range(n_topics):
            g_z = theta[row, k] * (g_y[row, k] - inner)
            spread = noise[row, k] * exp(_HALF * y[row, n_topics + k])
            pull = g_mean[row, k] + g_z
            g_bias[k] += pull
            g_y[row, k] = scale * pull
            g_y[row, n_topics + k] = g_log_variance[row, k] + _HALF * g_z * spread
    batch_norm_backward(y, deviation, fixed, g_y, room[0], room[1])
