"""Trees in files: every value comes back as it was, to the bit and to its type, and nothing else can be in a file."""

import copy
import json

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st

import autograd_core as ag
from nn.saving import load_tree, read_weights, save_tree
from nn.saving.container import KINDS, packed

keys = st.one_of(st.text(max_size=4), st.integers(-3, 3), st.booleans(), st.none(), st.sampled_from(["$array", "a.b"]))
arrays = st.builds(
    lambda kind, shape, seed: np.random.default_rng(seed).integers(0, 2, shape).astype(kind),
    st.sampled_from([*KINDS.values()]),
    st.sampled_from([(), (0,), (3,), (2, 3), (2, 0, 1)]),
    st.integers(0, 9),
)
leaves = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.integers(2**62, 2**200), st.floats(), st.text(max_size=4)),
    *(arrays, arrays.map(lambda a: a.T), st.floats(width=32).map(np.float32)),
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.lists(inner, max_size=3).map(tuple), st.dictionaries(keys, inner, max_size=3)
    ),
    max_leaves=8,
)


def same(one, other):
    """Equal in kind and in every bit; the sign of zero counts, and a NaN equals itself."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return [*map(repr, one)] == [*map(repr, other)] and all(map(same, one.values(), other.values()))
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, np.ndarray | np.generic):
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    return repr(one) == repr(other)


@given(trees)
@example({"$array": "weight"})  # keys that look like the marks in the file
@example({"$tuple": [1], 2: {"$float": "nan"}})
@settings(deadline=None)  # each example writes a file, and waits for the disk
def test_what_goes_in_comes_out(tmp_path_factory, tree):
    path = tmp_path_factory.getbasetemp() / "tree.safetensors"
    before = copy.deepcopy(tree)
    assert same(load_tree(save_tree(tree, path)), tree)
    assert same(tree, before)


def test_the_same_tree_gives_the_same_bytes(tmp_path):
    tree = {"b": np.arange(3.0), "a": [1, (2, None)], 5: {"x": np.float32(1)}}
    one, two = (save_tree(tree, tmp_path / name).read_bytes() for name in ("one", "two"))
    assert one == two


def test_generators_go_on_from_where_they_were(tmp_path):
    for kind in (np.random.PCG64, np.random.MT19937, np.random.Philox, np.random.SFC64):
        rng = np.random.Generator(kind(3))
        rng.random(5, dtype=np.float32)  # half of a number is kept for the next
        path = save_tree(rng.bit_generator.state, tmp_path / "rng.safetensors")
        expected = rng.random(9, dtype=np.float32)
        again = np.random.Generator(kind(4))
        again.bit_generator.state = load_tree(path)
        assert np.array_equal(again.random(9, dtype=np.float32), expected)


def test_arrays_may_lie_in_any_way_and_come_back_writable(tmp_path):
    array = np.arange(24, dtype=">f4").reshape(2, 3, 4)[:, ::-1].transpose(2, 0, 1)
    found = load_tree(save_tree([array, ag.tensor(array)], tmp_path / "tree"))
    for back in found:
        assert np.array_equal(back, array)
        assert back.dtype == np.float32
        back[...] = 0


def test_paths_that_look_alike_are_kept_apart(tmp_path):
    tree = {"a": {"b": np.zeros(1)}, "a.b": np.ones(1), "__metadata__": np.full(1, 2.0)}
    assert same(load_tree(save_tree(tree, tmp_path / "tree")), tree)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"model": {"f": len}}, r"model\.f is builtin_function"),
        ({"a": [1j]}, r"a\.0 is complex"),
        ({"a": {1, 2}}, "a is set"),
        (np.array(["x"]), "the tree is of type <U1"),
        ({"a": np.array([None])}, "a is of type object"),
        ({"a": b"bytes"}, "a is bytes"),
        ({"k": {frozenset(): 1}}, "a key of k is frozenset"),
    ],
)
def test_what_is_no_plain_value_is_refused_with_its_place(tmp_path, value, words):
    with pytest.raises(ag.OptionError, match=words):
        save_tree(value, tmp_path / "tree")
    assert not (tmp_path / "tree").exists()


def test_a_tree_that_contains_itself_is_refused(tmp_path):
    tree = []
    tree.append(tree)
    with pytest.raises(ag.OptionError, match="contains itself"):
        save_tree(tree, tmp_path / "tree")


@pytest.mark.parametrize("text", ["{", '{"$array":"nowhere"}', '{"$dict":[1]}', '{"$float":"x"}', '{"$tuple":3}'])
def test_a_tree_that_nobody_wrote_is_refused(tmp_path, text):
    path = tmp_path / "tree.safetensors"
    path.write_bytes(packed({}, {"tree": text}))
    with pytest.raises(ag.DataError, match=r"tree\.safetensors: the tree in this file is none"):
        load_tree(path)


def test_weights_and_trees_are_not_taken_for_each_other(tmp_path):
    path = save_tree({"w": np.zeros(2)}, tmp_path / "tree.safetensors")
    with pytest.raises(ag.DataError, match="this holds a whole run or another tree"):
        read_weights(path)
    path.write_bytes(packed({"w": np.zeros(2)}))
    with pytest.raises(ag.DataError, match="no tree in this file"):
        load_tree(path)


def test_the_rest_of_a_tree_can_be_read_by_people(tmp_path):
    content = save_tree({"step": 3, "w": np.zeros(2)}, tmp_path / "tree").read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    assert json.loads(header["__metadata__"]["tree"]) == {"step": 3, "w": {"$array": "w"}}
