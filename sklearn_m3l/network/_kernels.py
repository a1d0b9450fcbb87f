"""What a training step does to arrays on a processor, in compiled code.

PyTorch has some hundred operations a step besides the products of matrices, which take
no less time than these. Here each part of the network is one function that fills arrays
it is given, and leaves other threads alone; `g_x` is the gradient of the loss for x.

All are in one file, since numba's cache does not see that a function of another file,
which one here calls, has changed.
"""

import math
from typing import Any

import numpy as np
from numba import njit

# Sums may be taken in another order, but what is not finite stays so.
_FASTMATH = {"reassoc", "contract", "nsz", "arcp"}
_OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}
kernel = njit(fastmath=_FASTMATH, **_OPTIONS)
# Of a function that is not inlined, a process may have several copies that round
# otherwise, and it depends on the cache which one it calls.
inlined = njit(fastmath=_FASTMATH, forceinline=True, **_OPTIONS)
_ZERO, _HALF, _ONE = np.float32(0), np.float32(0.5), np.float32(1)
_LOWEST = np.float32(-np.inf)

# Of torch.nn.functional.batch_norm and of torch.nn.functional.normalize.
_EPSILON, _MOMENTUM, _TINY = np.float32(1e-5), np.float32(0.1), np.float32(1e-12)


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
def adam(xs, g_xs, means, squares, sizes, corrections, beta_1, beta_2, epsilon):
    """Update parameters, and the running means of gradients and of their squares.

    All but the last three are tuples, with an element for each parameter.
    """
    keep_1, keep_2 = np.float32(beta_1), np.float32(beta_2)
    rest_1, rest_2 = np.float32(1 - beta_1), np.float32(1 - beta_2)
    tiny = np.float32(epsilon)
    for number in range(len(xs)):
        size, correction = np.float32(sizes[number]), np.float32(corrections[number])
        x, g_x, mean, square = xs[number], g_xs[number], means[number], squares[number]
        for i in range(x.size):
            first = keep_1 * mean[i] + rest_1 * g_x[i]
            second = keep_2 * square[i] + rest_2 * g_x[i] * g_x[i]
            mean[i], square[i] = first, second
            x[i] -= size * first / (np.sqrt(second) * correction + tiny)


@kernel
def standardize(x, mean, scale, bits, lowest, factor, y):
    """Standardize vectors, and drop what has bits below the lowest that is kept."""
    for row in range(len(x)):
        for j in range(x.shape[1]):
            kept = factor if bits[row, j] >= lowest else _ZERO
            y[row, j] = kept * (x[row, j] - mean[j]) / scale[j]


@kernel
def linear(x, weight, bias, y):
    """Fill y (rows x outputs) with what a linear layer makes of x (inputs x rows)."""
    np.dot(x.T, weight.T, y)
    for row in range(len(y)):
        for j in range(y.shape[1]):
            y[row, j] += bias[j]


@kernel
def linear_backward(x, g_y, g_weight, g_bias):
    """Fill the gradients of weights and biases.

    x has a column for each row of the batch, as has the gradient for the output.
    """
    np.dot(g_y, x.T, g_weight)
    for j in range(len(g_bias)):
        g_bias[j] = _ZERO
        for row in range(g_y.shape[1]):
            g_bias[j] += g_y[j, row]


@kernel
def hidden(x, weight, bias, activation, bits, lowest, factor, y, slope):
    """Fill y with a hidden layer after dropout, and the slope of y by its input.

    Rows of the batch are the columns of all these. The activation is 0 for softplus,
    1 for relu, 2 for tanh.
    """
    np.dot(weight, x, y)
    for j in range(len(y)):
        for row in range(y.shape[1]):
            y[j, row] += bias[j]
    y, slope, bits = y.ravel(), slope.ravel(), bits.ravel()
    if activation == 0:
        _softplus(y, slope)
    elif activation == 1:
        for i in range(y.size):
            slope[i] = _ONE if y[i] > _ZERO else _ZERO
            y[i] *= slope[i]
    else:
        for i in range(y.size):
            small = exp(np.float32(-2) * abs(y[i]))
            size = (_ONE - small) / (_ONE + small)
            y[i] = size if y[i] > _ZERO else -size
            slope[i] = _ONE - size * size
    for i in range(y.size):
        kept = factor if bits[i] >= lowest else _ZERO
        y[i] *= kept
        slope[i] *= kept


@inlined
def _softplus(y, slope):
    c0, c1, c2, c3, c4, c5, c6, c7, c8, c9 = _LOG1P
    for i in range(y.size):
        x = y[i]
        small = exp(-abs(x))
        log = c6 + small * (c7 + small * (c8 + small * c9))
        log = c3 + small * (c4 + small * (c5 + small * log))
        log = c0 + small * (c1 + small * (c2 + small * log))
        y[i] = max(x, _ZERO) + small * log
        share = _ONE / (_ONE + small)
        slope[i] = share if x >= _ZERO else small * share


@kernel
def hidden_backward(g_above, weight, slope, g_x):
    """Fill the gradient for the input of a hidden layer's activation.

    `g_above` is that for the layer above it, `weight` the weights of that one. Rows of
    the batch are columns here.
    """
    np.dot(weight.T, g_above, g_x)
    for j in range(len(g_x)):
        for row in range(g_x.shape[1]):
            g_x[j, row] *= slope[j, row]


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
    """Turn the gradient for what was normalized, y, into that for its input, in place.

    `mean` and `slope` are room for numbers by column.
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
def softmax(x, y):
    """Fill y with the softmax of each row of x."""
    for row in range(len(x)):
        highest, total = _LOWEST, _ZERO
        for k in range(x.shape[1]):
            highest = max(highest, x[row, k])
        for k in range(x.shape[1]):
            y[row, k] = exp(x[row, k] - highest)
            total += y[row, k]
        total = _ONE / total
        for k in range(x.shape[1]):
            y[row, k] *= total


@inlined
def softmax_backward(y, g_y, g_x):
    """Add to the gradient for x what that for its softmax y makes of it."""
    for row in range(len(y)):
        inner = _ZERO
        for k in range(y.shape[1]):
            inner += g_y[row, k] * y[row, k]
        for k in range(y.shape[1]):
            g_x[row, k] += y[row, k] * (g_y[row, k] - inner)


@kernel
def draw(head, mean, variance, fixed, scale, noise, bits, lowest, factor, values):
    """Fill means, log-variances, topics, and topics after dropout: the four `values`.

    `head` is what an inference network returned, and is normalized in place; `mean`
    and `variance` are the running statistics.
    """
    batch_norm(head, mean, variance, fixed, scale)
    n_rows, n_topics = noise.shape
    for row in range(n_rows):
        for k in range(n_topics):
            values[0, row, k] = head[row, k]
            values[1, row, k] = head[row, n_topics + k]
            deviation = exp(_HALF * values[1, row, k])
            values[3, row, k] = values[0, row, k] + noise[row, k] * deviation
    softmax(values[3], values[2])
    for row in range(n_rows):
        for k in range(n_topics):
            kept = factor if bits[row, k] >= lowest else _ZERO
            values[3, row, k] = kept * values[2, row, k]


@kernel
def draw_backward(
    head, scale, fixed, noise, bits, lowest, factor, values, gradients, g_head, room
):  # fmt: skip
    """Fill the gradient for what an inference network returned.

    `gradients` are those for the four `values`; `room` has two rows.
    """
    n_rows, n_topics = noise.shape
    for row in range(n_rows):
        for k in range(n_topics):
            kept = factor if bits[row, k] >= lowest else _ZERO
            gradients[2, row, k] += kept * gradients[3, row, k]
            gradients[3, row, k] = _ZERO
    # The place of those after dropout takes those before the softmax.
    softmax_backward(values[2], gradients[2], gradients[3])
    for row in range(n_rows):
        for k in range(n_topics):
            g_z = gradients[3, row, k]
            deviation = exp(_HALF * values[1, row, k])
            g_head[row, k] = gradients[0, row, k] + g_z
            pull = _HALF * g_z * noise[row, k] * deviation
            g_head[row, n_topics + k] = gradients[1, row, k] + pull
    batch_norm_backward(head, scale, fixed, g_head, room[0], room[1])


@kernel
def prior_kl(values, mean, log_variance, weight, gradients):
    """Return the divergence of Gaussians from their priors; add to their gradients.

    The priors are one for each row, or one for all.
    """
    total = 0.0
    _, n_rows, n_topics = values.shape
    for row in range(n_rows):
        own, part = (row if len(mean) > 1 else 0), _ZERO
        for k in range(n_topics):
            precision = exp(-log_variance[own, k])
            ratio = values[1, row, k] - log_variance[own, k]
            distance = values[0, row, k] - mean[own, k]
            share = exp(ratio)
            part += share + distance * distance * precision - _ONE - ratio
            gradients[0, row, k] += weight * distance * precision
            gradients[1, row, k] += weight * _HALF * (share - _ONE)
        total += float(part)
    return 0.5 * weight * total


@kernel
def symmetric_kl(a, b, weight, g_a, g_b):
    """Return the divergences between two views, both ways; add to their gradients."""
    total = 0.0
    _, n_rows, n_topics = a.shape
    for row in range(n_rows):
        part = _ZERO
        for k in range(n_topics):
            distance = a[0, row, k] - b[0, row, k]
            precision_a, precision_b = exp(-a[1, row, k]), exp(-b[1, row, k])
            ratio = exp(a[1, row, k] - b[1, row, k])
            to_b = ratio + distance * distance * precision_b
            to_a = _ONE / ratio + distance * distance * precision_a
            part += to_a + to_b - np.float32(2)
            pull = weight * distance * (precision_a + precision_b)
            g_a[0, row, k] += pull
            g_b[0, row, k] -= pull
            g_a[1, row, k] += weight * _HALF * (ratio - to_a)
            g_b[1, row, k] += weight * _HALF * (_ONE / ratio - to_b)
        total += float(part)
    return 0.5 * weight * total


@kernel
def info_nce(a, b, on_mean, similarity, inverse, groups, weight, g_a, g_b):
    """Return InfoNCE between two views of the same rows; add to their gradients.

    The similarity is 0 for cosine, 1 for dot, 2 for hellinger, and is multiplied by
    `inverse`. No groups stand for one each.
    """
    _, n_rows, n_topics = a.shape
    size = 2 * n_rows
    room = np.empty((3, size, n_topics), np.float32)
    theta, vectors, gradient = room[0], room[1], room[2]
    if on_mean:
        softmax(a[0], theta[:n_rows])
        softmax(b[0], theta[n_rows:])
    for row in range(0 if on_mean else n_rows):
        for k in range(n_topics):
            theta[row, k], theta[n_rows + row, k] = a[2, row, k], b[2, row, k]
    length, products = np.empty(size, np.float32), np.empty((size, size), np.float32)
    _represent(theta, similarity, vectors, length)
    np.dot(vectors, vectors.T, products)
    total = _contrast(products, inverse, groups, weight)
    np.dot(products, vectors, gradient)
    _represent_backward(theta, similarity, vectors, length, gradient)
    if on_mean:
        softmax_backward(theta[:n_rows], gradient[:n_rows], g_a[0])
        softmax_backward(theta[n_rows:], gradient[n_rows:], g_b[0])
    for row in range(0 if on_mean else n_rows):
        for k in range(n_topics):
            g_a[2, row, k] += gradient[row, k]
            g_b[2, row, k] += gradient[n_rows + row, k]
    return total


@inlined
def _represent(theta, similarity, vectors, length):
    """Fill the vectors whose products are the similarities of topics."""
    for row in range(len(theta)):
        length[row] = _ONE
        if similarity == 0:
            square = _ZERO
            for k in range(theta.shape[1]):
                square += theta[row, k] * theta[row, k]
            length[row] = max(np.sqrt(square), _TINY)
        for k in range(theta.shape[1]):
            if similarity == 2:
                vectors[row, k] = np.sqrt(max(theta[row, k], _TINY))
            else:
                vectors[row, k] = theta[row, k] / length[row]


@inlined
def _represent_backward(theta, similarity, vectors, length, gradient):
    """Turn the gradient for the vectors into that for the topics, in place."""
    for row in range(len(theta)):
        inner = _ZERO
        if similarity == 0:
            for k in range(theta.shape[1]):
                inner += vectors[row, k] * gradient[row, k]
        for k in range(theta.shape[1]):
            if similarity == 2:
                kept = _ONE if theta[row, k] >= _TINY else _ZERO
                gradient[row, k] *= kept * _HALF / vectors[row, k]
            else:
                pull = gradient[row, k] - inner * vectors[row, k]
                gradient[row, k] = pull / length[row]


@inlined
def _contrast(products, inverse, groups, weight):
    """Return InfoNCE; turn products of vectors into weights.

    The gradient for a vector is the sum of all vectors with its row of weights.
    """
    size, total = len(products), 0.0
    n_rows = size // 2
    for row in range(size):
        partner = row + n_rows if row < n_rows else row - n_rows
        positive = products[row, partner] * inverse
        # Own rows are no negatives, nor are those of the same article but the partner.
        products[row, row] = _LOWEST
        for j in range(size if len(groups) else 0):
            if groups[j % n_rows] == groups[row % n_rows] and j != partner:
                products[row, j] = _LOWEST
        highest, share = _LOWEST, _ZERO
        for j in range(size):
            highest = max(highest, products[row, j])
        highest *= inverse
        for j in range(size):
            # What is left out stays finite, but far below what counts.
            logit = max(products[row, j] * inverse - highest, np.float32(-200))
            products[row, j] = exp(logit)
            share += products[row, j]
        total += math.log(share) - (positive - highest)
        factor = _HALF * weight * inverse
        for j in range(size):
            products[row, j] *= factor / share
        products[row, partner] -= factor
    for row in range(size):
        for j in range(row):
            both = products[row, j] + products[j, row]
            products[row, j] = products[j, row] = both
    return 0.5 * weight * total


@kernel
def reconstruct(
    theta, beta, flat, counts, mean, variance, fixed, logits, g_logits, g_theta, room
):  # fmt: skip
    """Return the negative log-likelihood of words; fill the gradients for the topics.

    `flat` are the positions of the counts in the raveled matrix, row by row;
    `logits` are filled, too; `room` has three rows.
    """
    np.dot(theta, beta, logits)
    batch_norm(logits, mean, variance, fixed, room[2])
    loss = _likelihood(logits, flat, counts, g_logits)
    batch_norm_backward(logits, room[2], fixed, g_logits, room[0], room[1])
    np.dot(g_logits, beta.T, g_theta)
    return loss


@inlined
def _likelihood(logits, flat, counts, g_logits):
    n_rows, n_words = logits.shape
    loss, cell = 0.0, 0
    for row in range(n_rows):
        highest, total, n_tokens = _LOWEST, _ZERO, _ZERO
        for word in range(n_words):
            highest = max(highest, logits[row, word])
        for word in range(n_words):
            g_logits[row, word] = exp(logits[row, word] - highest)
            total += g_logits[row, word]
        first, end = cell, (row + 1) * n_words
        while cell < len(flat) and flat[cell] < end:
            n_tokens += counts[cell]
            cell += 1
        for word in range(n_words):
            g_logits[row, word] *= n_tokens / total
        normalizer = highest + math.log(total)
        for position in range(first, cell):
            word = flat[position] - row * n_words
            loss += counts[position] * (normalizer - logits[row, word])
            g_logits[row, word] -= counts[position]
    return loss


@kernel
def beta_backward(theta, g_logits, g_beta):
    """Fill the gradient for a topic-word matrix."""
    np.dot(theta.T, g_logits, g_beta)
