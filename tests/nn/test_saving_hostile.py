"""Files made to do harm: refused in words, quickly, whatever stands in them, and nothing is changed."""

import copy
import json
import struct

import numpy as np
import pytest

import autograd_core as ag
from nn import Dropout, Linear, Sequential, optim
from nn.files import write_whole
from nn.history import History
from nn.saving import container, load_checkpoint, load_tree, load_weights, read_weights, save_tree


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file.safetensors"


def file(header, body=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def array(shape, start=0, end=4, dtype="F32"):
    return {"a": {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}}


HEADERS = {
    "no length": b"1234567",
    "a length beyond the file": struct.pack("<Q", 2**63) + b"{}",
    "no object": file([]),
    "deep lists": file(b"[" * 100_000),
    "deep objects": file(b'{"__metadata__":' * 20_000),
    "a number with 100,000 digits": file(b'{"__metadata__":{"x":' + b"9" * 100_000 + b"}}"),
    "NaN": file(b'{"a":{"dtype":"F32","shape":[NaN],"data_offsets":[0,4]}}', b"1234"),
    "a shape below 0": file(array([-1]), b"1234"),
    "a shape of fractions": file(array([1.0]), b"1234"),
    "a shape whose product overflows": file(array([2**32, 2**32]), b"1234"),
    "no numbers along an endless axis": file(array([0, 2**63 - 1], 0, 0)),
    "more axes than NumPy has": file(array([1] * 100), b"1234"),
    "an end beyond the file": file(array([1], 0, 400), b"1234"),
    "an end before the start": file(array([1], 4, 0), b"1234"),
    "arrays that overlap": file({**array([1]), "b": array([1])["a"]}, b"1234"),
    "bytes that belong to nothing": file(array([1]), b"12345678"),
    "metadata twice": file(b'{"__metadata__":{"x":"1"},"__metadata__":{"x":"2"}}'),
    "half a character": file(b'{"__metadata__":{"sha256":"\\ud800","writer":"x"}}'),
    "a checksum that is a number": file({"__metadata__": {"sha256": 5, "writer": "autograd_core"}}),
    "a checksum of one letter": file({"__metadata__": {"sha256": "a"}}, b"a" * 1_000_000),
}


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize(
    "reading", [read_weights, load_tree, load_checkpoint, lambda path: load_weights(Linear(2, 2), path)]
)
def test_headers(path, name, reading):
    write_whole(path, HEADERS[name])
    with pytest.raises(ag.DataError, match=r"file\.safetensors"):
        reading(path)


TREES = [
    "[" * 100_000 + "]" * 100_000,
    '{"$array":"x"}',
    '{"$array":[]}',
    '{"$float":"__import__"}',
    '{"$float":[1]}',
    '{"$dict":[[[1],2]]}',
    '{"$dict":"ab"}',
    '{"$tuple":3}',
    "9" * 100_000,
    "",
]
CHECKPOINTS = [
    "null",
    '{"parts":"x"}',
    '{"parts":{}}',
    '{"parts":{},"format":[],"versions":[]}',
    '{"parts":{},"format":7}',
    '{"parts":{},"format":1,"versions":{}}',
    '{"parts":{},"format":1,"generators":{}}',
    '{"parts":{},"format":1,"generators":5,"versions":{}}',
]


@pytest.mark.parametrize(
    ("reading", "text"), [(load_tree, text) for text in TREES] + [(load_checkpoint, text) for text in CHECKPOINTS]
)
def test_trees_whose_checksum_is_right(path, reading, text):
    write_whole(path, container.packed({"a": np.zeros(3)}, {"tree": text}))
    with pytest.raises(ag.DataError, match=r"file\.safetensors"):
        reading(path)


def dropout():
    return Sequential(Dropout(0.5, rng=0))


def stepped(kind):
    model = Linear(2, 2, rng=0)
    optimizer = kind(model.parameters(), lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = (model(np.ones((1, 2), np.float32)) ** 2).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return optimizer


STREAM = {"bit_generator": "PCG64", "has_uint32": 0, "uinteger": 0}
ODD = [None, 5, "x", [], {}, {1: 2}, np.zeros((3, 3))]


def held(part):
    """All that a part keeps, in an order that means nothing."""
    return dict(flat(part.state_dict() if hasattr(part, "state_dict") else part.bit_generator.state))


def flat(state, path=""):
    if isinstance(state, dict | list):
        for key, value in state.items() if isinstance(state, dict) else enumerate(state):
            yield from flat(value, f"{path}.{key}")
    else:
        yield path, state.tobytes() if isinstance(state, np.ndarray) else repr(state)


def refused(path, part, state, streams):
    """Whether a state is refused; then nothing may have changed."""
    before = held(part)
    save_tree({"format": 1, "versions": {}, "parts": {"part": state}, "generators": streams}, path)
    try:
        load_checkpoint(path, {"part": part})
    except ag.DataError as error:
        assert held(part) == before
        return "nothing was loaded" in str(error)
    return False


@pytest.mark.parametrize("state", [*ODD, STREAM, {**STREAM, "state": {"state": -1, "inc": 2**200}}])
def test_random_streams_that_are_none(path, state):
    assert refused(path, np.random.default_rng(0), state, {})
    name = next(name for name, _ in dropout().named_generators())
    assert refused(path, dropout(), {}, {"part": {name: state}})
    assert refused(path, dropout(), {}, {"part": state})


@pytest.mark.parametrize("state", [*ODD, {"weight": np.zeros((2, 2)), "bias": "abc"}, {"weight": [[1, 2], [3]]}])
def test_weights_that_are_none(path, state):
    assert refused(path, Linear(2, 2, rng=0), state, {"part": {}})


def places(tree, path=()):
    yield path
    if isinstance(tree, dict | list):
        for key in tree if isinstance(tree, dict) else range(len(tree)):
            yield from places(tree[key], (*path, key))


@pytest.mark.parametrize("kind", [optim.SGD, optim.Adam, optim.ASGD, optim.LBFGS])
def test_states_of_optimizers_with_anything_anywhere(path, kind, monkeypatch):
    monkeypatch.setattr("nn.files.os.fsync", lambda _: None)
    good = stepped(kind).state_dict()
    for place in places(good):
        for value in [*ODD, -1, 2**70, float("nan")]:
            state = copy.deepcopy(good) if place else value
            if place:
                part = state
                for key in place[:-1]:
                    part = part[key]
                part[place[-1]] = value
            optimizer = stepped(kind)
            # a number may stand for another one; what is taken can be saved again, and what is not changes nothing
            assert refused(path, optimizer, state, {}) or save_tree(optimizer.state_dict(), path)


@pytest.mark.parametrize("suffix", [".json", ".jsonl"])
@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000 + b"\n",
        b"5\n",
        b"\xff\n",
        b'{"epochs":5,"interrupted":false}\n',
        b'{"epochs":[{"number":"x","train_loss":null}],"interrupted":false}\n',
        b'{"epochs":[{"number":1,"train_loss":0.5,"figures":7}],"interrupted":false}\n',
        b'{"event":"epoch","number":null,"train_loss":1}\n',
    ],
)
def test_histories_that_are_none(tmp_path, suffix, content):
    path = write_whole(tmp_path / f"file{suffix}", content)
    with pytest.raises(ag.DataError, match=r"file\.jsonl?: not a training history"):
        History.load(path)
