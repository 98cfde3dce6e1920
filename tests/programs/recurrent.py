"""A long short-term memory that predicts the next character of strings of one length.

After the examples `rnn` and `lstm` of HIPS autograd, and Hochreiter and Schmidhuber, Neural Computation 9 (1997).
"""

import numpy as np

GATES = ("change", "forget", "ingate", "outgate")


def sigmoid(x):
    return 0.5 * (np.tanh(x / 2) + 1)


def affine(weights, *parts):
    """All parts side by side, and a column of ones, times one matrix."""
    return np.dot(np.hstack([*parts, np.ones((len(parts[0]), 1))]), weights)


def log_probabilities(params, sequences):
    """For every time, log-probabilities of the next character.

    Shapes: sequences (time, strings, characters), one-hot -> a list of so many arrays (strings, characters).
    """
    strings = sequences.shape[1]
    hidden = np.repeat(params["hidden"], strings, axis=0)
    cell = np.repeat(params["cell"], strings, axis=0)
    predictions = []
    for characters in sequences:
        logits = affine(params["predict"], hidden)
        largest = np.max(logits, axis=1, keepdims=True)
        predictions.append(logits - largest - np.log(np.sum(np.exp(logits - largest), axis=1, keepdims=True)))
        change, forget, ingate, outgate = (affine(params[gate], characters, hidden) for gate in GATES)
        cell = cell * sigmoid(forget) + sigmoid(ingate) * np.tanh(change)
        hidden = sigmoid(outgate) * np.tanh(cell)
    return predictions


def objective(params, sequences):
    """Negative log-likelihood per character."""
    total = 0.0
    for prediction, characters in zip(log_probabilities(params, sequences), sequences, strict=True):
        total += np.sum(prediction * characters)
    return -total / (sequences.shape[0] * sequences.shape[1])


def one_hot(strings, alphabet):
    """Shapes: -> (time, strings, characters)."""
    codes = np.array([[alphabet.index(c) for c in s] for s in strings])
    return np.eye(len(alphabet))[codes.T]


def example():
    rng = np.random.default_rng(0)
    state, alphabet = 5, "abc "
    inputs = len(alphabet) + state + 1
    params = {gate: 0.2 * rng.normal(size=(inputs, state)) for gate in GATES}
    params["hidden"], params["cell"] = 0.1 * rng.normal(size=(2, 1, state))
    params["predict"] = 0.2 * rng.normal(size=(state + 1, len(alphabet)))
    return params, (one_hot(["abc ab", "cba cb", "aa bb "], alphabet),)
