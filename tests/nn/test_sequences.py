"""Sequences of different lengths: packing and padding are each other's opposite, and layers see no padding."""

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn import sequences

LENGTHS = [2, 5, 1, 5]


def ragged(*, dtype=np.float64):
    rng = np.random.default_rng(0)
    return [rng.normal(size=(n, 3)).astype(dtype) for n in LENGTHS]


def test_packed_data_lies_step_by_step():
    """Golden: pack_sequence([[1, 2, 3], [4, 5], [6]]) of PyTorch's documentation."""
    packed = sequences.pack_sequence([np.array([1, 2, 3]), np.array([4, 5]), np.array([6])])
    assert packed.data.tolist() == [1, 4, 6, 2, 5, 3]
    assert packed.batch_sizes.tolist() == [3, 2, 1]
    assert packed.sorted_indices is None
    assert packed.lengths.tolist() == [3, 2, 1]


def test_padding_comes_behind_or_before():
    given = [np.array([1.0, 2.0]), np.array([3.0])]
    assert sequences.pad_sequence(given, True, -1).tolist() == [[1, 2], [3, -1]]
    assert sequences.pad_sequence(given, True, -1, "left").tolist() == [[1, 2], [-1, 3]]
    assert sequences.pad_sequence(given).tolist() == [[1, 3], [2, 0]]


@pytest.mark.parametrize("batch_first", [False, True])
def test_unpacking_gives_back_what_was_packed(batch_first):
    given = ragged()
    padded = sequences.pad_sequence(given, batch_first)
    packed = sequences.pack_padded_sequence(padded, LENGTHS, batch_first, enforce_sorted=False)
    assert packed.data.shape == (sum(LENGTHS), 3)
    again, lengths = sequences.pad_packed_sequence(packed, batch_first)
    np.testing.assert_array_equal(again, padded)
    assert lengths.tolist() == LENGTHS
    for parts in (sequences.unpack_sequence(packed), sequences.unpad_sequence(padded, LENGTHS, batch_first)):
        for part, wanted in zip(parts, given, strict=True):
            np.testing.assert_array_equal(part, wanted)
    longer, _ = sequences.pad_packed_sequence(packed, batch_first, padding_value=7.0, total_length=6)
    assert longer.shape == ((4, 6, 3) if batch_first else (6, 4, 3))
    assert (longer[:, 5] if batch_first else longer[5]).min() == 7


def test_gradients_reach_every_step_once_and_no_padding():
    x = ag.tensor(np.zeros((5, 4, 3)), requires_grad=True)
    packed = sequences.pack_padded_sequence(x, LENGTHS, enforce_sorted=False)
    padded, _ = sequences.pad_packed_sequence(packed, padding_value=np.inf)
    padded.sum().backward()
    there = np.arange(5)[:, None] < np.array(LENGTHS)
    np.testing.assert_array_equal(x.grad, np.broadcast_to(there[..., None], x.shape).astype(float))
    parts = [ag.tensor(part, requires_grad=True) for part in ragged()]
    (sequences.pad_sequence(parts) * 2).sum().backward()
    assert all((part.grad.numpy() == 2).all() for part in parts)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])
def test_a_packed_batch_is_every_sequence_by_itself(kind, bidirectional):
    layer = kind(3, 4, num_layers=2, bidirectional=bidirectional, rng=0, dtype=np.float64)
    first = np.random.default_rng(1).normal(size=(4 if bidirectional else 2, 4, 4))
    packed = sequences.pack_sequence(ragged(), enforce_sorted=False)
    outputs, last = layer(packed, (first, first) if kind is nn.LSTM else first)
    assert isinstance(outputs, sequences.PackedSequence)
    outputs = sequences.unpack_sequence(outputs)
    for n, sequence in enumerate(ragged()):
        start = first[:, n]
        alone, alone_last = layer(sequence, (start, start) if kind is nn.LSTM else start)
        # products of one row and of four: sums in another order
        np.testing.assert_allclose(outputs[n].detach(), alone.detach(), rtol=1e-12, atol=1e-12)
        pairs = zip(last, alone_last, strict=True) if kind is nn.LSTM else [(last, alone_last)]
        for part, wanted in pairs:
            np.testing.assert_allclose(part[:, n].detach(), wanted.detach(), rtol=1e-12, atol=1e-12)


def test_the_type_is_kept():
    packed = sequences.pack_sequence(ragged(dtype=np.float32), enforce_sorted=False)
    outputs, last = nn.GRU(3, 4, rng=0)(packed)
    assert outputs.data.dtype == last.dtype == np.float32
    assert sequences.pad_packed_sequence(outputs)[0].dtype == np.float32
    assert sequences.pad_sequence([np.array([1, 2]), np.array([3])]).dtype == int


WRONG = {
    "order": (
        lambda: sequences.pack_sequence(ragged()),
        r"must come from the longest to the shortest, got lengths \[2, 5, 1, 5\]; pass enforce_sorted=False",
    ),
    "too long": (
        lambda: sequences.pack_padded_sequence(np.ones((3, 2)), [3, 4], enforce_sorted=False),
        "lengths must be from 1 to the 3 steps there are; sequence 1 has length 4",
    ),
    "nothing": (
        lambda: sequences.pack_padded_sequence(np.ones((3, 2)), [3, 0]),
        "sequence 1 has length 0",
    ),
    "count": (lambda: sequences.pack_padded_sequence(np.ones((3, 2)), [3]), "one length for each of the 2 sequences"),
    "floats": (lambda: sequences.pack_padded_sequence(np.ones((3, 2)), [3.0, 1.0]), "must be a list of whole numbers"),
    "no list": (lambda: sequences.pad_sequence(np.ones((3, 2))), "a list of arrays is needed"),
    "none": (lambda: sequences.pad_sequence([]), "a list of arrays is needed"),
    "unlike": (
        lambda: sequences.pad_sequence([np.ones((3, 2)), np.ones((3, 1))]),
        r"number 0 has shape \(3, 2\), number 1 has \(3, 1\)",
    ),
    "side": (lambda: sequences.pad_sequence([np.ones(3)], padding_side="both"), "must be one of left, right"),
    "not packed": (lambda: sequences.pad_packed_sequence(np.ones(3)), "a PackedSequence is needed, got ndarray"),
    "total": (
        lambda: sequences.pad_packed_sequence(sequences.pack_sequence([np.ones(3)]), total_length=2),
        "total_length must be at least the longest length 3, got 2",
    ),
    "sizes": (
        lambda: nn.GRU(1, 2)(sequences.PackedSequence(np.ones((3, 1)), np.array([1, 2]))),
        r"GRU: batch_sizes must not rise and be at least 1, got \[1, 2\]",
    ),
    "rows": (
        lambda: nn.GRU(1, 2)(sequences.PackedSequence(np.ones((3, 1)), np.array([1, 1]))),
        "GRU: data has 3 rows where batch_sizes add up to 2",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_refused_in_words(case):
    call, words = WRONG[case]
    with pytest.raises(ag.AutogradError, match=words):
        call()
