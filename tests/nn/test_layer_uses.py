"""What can be done with every layer and loss: copied, saved, moved to other types, differentiated, drawn, explained.

One list of uses, each tried on every family of samples.
"""

import copy
import pickle

import numpy as np
import pytest

import autograd_core as ag
import nn
from tests.nn.samples import FAMILIES

SEEDS = range(2)


def leaves(outputs):
    if isinstance(outputs, tuple | list):
        return [leaf for part in outputs for leaf in leaves(part)]
    return [] if outputs is None else [outputs]


def values(outputs):
    return [np.asarray(leaf.detach() if isinstance(leaf, ag.Tensor) else leaf) for leaf in leaves(outputs)]


def assert_same(ours, others, tolerance=0.0):
    """The same shapes, types and numbers; the tolerance is for sums in another order, of a few numbers around 1."""
    ours, others = values(ours), values(others)
    assert [(one.shape, one.dtype) for one in ours] == [(one.shape, one.dtype) for one in others]
    for one, other in zip(ours, others, strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


def energy(outputs):
    """A number that depends on all outputs."""
    return sum((leaf * leaf).sum() for leaf in leaves(outputs) if leaf.dtype.kind == "f")


def arrays_as(sample, change):
    return [change(given) if isinstance(given, np.ndarray) else given for given in sample.arrays()]


def function_of_the_input(sample):
    """The energy as a pure function of the first input of floating point numbers, and that input; or nothing.

    Each call runs a copy, so that random numbers and running statistics are the same each time.
    """
    layer, inputs = sample.layer().requires_grad_(False), list(sample.arrays())
    at = [i for i, given in enumerate(inputs) if isinstance(given, np.ndarray) and given.dtype.kind == "f"]
    if not at or sample.order < 1:
        return None

    def function(x):
        return energy(copy.deepcopy(layer)(*inputs[: at[0]], x, *inputs[at[0] + 1 :]))

    return function, inputs[at[0]]


def is_copied(sample):
    layer = sample.layer()
    copies = copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))
    wanted = layer(*sample.arrays())
    for other in copies:
        assert_same(other(*sample.arrays()), wanted)


def gives_and_takes_its_state(sample):
    layer, other = sample.layer(), sample.layer()
    layer(*sample.arrays())
    other.load_state_dict(layer.state_dict())
    state, again = layer.state_dict(), other.state_dict()
    assert list(state) == list(again)
    for name, value in state.items():
        np.testing.assert_array_equal(value, again[name])


def takes_arrays_of_any_layout(sample):
    def spread(array):
        """The same numbers, two elements apart along every axis, in the order of Fortran."""
        wide = np.empty(tuple(2 * n for n in array.shape), array.dtype, order="F")
        wide[tuple(slice(None, None, 2) for _ in array.shape)] = array
        return wide[tuple(slice(None, None, 2) for _ in array.shape)]

    assert_same(sample.layer()(*arrays_as(sample, spread)), sample.layer()(*sample.arrays()), 1e-12)


def takes_tensors(sample):
    assert_same(sample.layer()(*arrays_as(sample, ag.Tensor)), sample.layer()(*sample.arrays()), 1e-13)


def takes_an_empty_batch_or_says_why_not(sample):
    inputs = arrays_as(sample, lambda array: array[:0] if array.ndim else array)
    said = ""
    try:
        sample.layer()(*inputs)
    except ag.AutogradError as error:
        said = str(error)
    assert not said or " In " in said


def follows_to_other_types(sample):
    for layer, dtype in (
        (sample.layer(np.float32).double(), np.float64),
        (sample.layer().float(), np.float32),
        (sample.layer(np.float32).half(), np.float16),
        (sample.layer(np.float16), np.float16),
    ):
        found = {value.dtype for value in values(layer(*sample.arrays(dtype))) if value.dtype.kind == "f"}
        assert found <= {np.dtype(dtype)}


def records_nothing_when_frozen_or_not_recording(sample):
    frozen = sample.layer().requires_grad_(False)(*sample.arrays())
    with ag.no_grad():
        unrecorded = sample.layer()(*sample.arrays())
    assert not any(isinstance(leaf, ag.Tensor) and leaf.requires_grad for leaf in leaves([frozen, unrecorded]))


def repeats_itself_in_evaluation(sample):
    layer = sample.layer().eval()
    assert_same(layer(*sample.arrays()), layer(*sample.arrays()))


def adds_gradients_up(sample):
    layer = sample.layer().eval()
    if not list(layer.parameters()):
        return
    energy(layer(*sample.arrays())).backward()
    once = {name: held.grad.numpy().copy() for name, held in layer.named_parameters() if held.grad is not None}
    energy(layer(*sample.arrays())).backward()
    assert once.keys() == {name for name, held in layer.named_parameters() if held.grad is not None}
    for name, held in layer.named_parameters():
        if name in once:
            np.testing.assert_array_equal(held.grad.numpy(), 2 * once[name])  # doubling rounds nothing


def is_a_function_of_its_input(sample):
    """Gradient, Jacobian, directional derivative and checkpoint agree; the Hessian's product has the input's shape."""
    if (given := function_of_the_input(sample)) is None:
        return
    function, x = given
    gradient = ag.grad(function)(x)
    assert_same(ag.jacobian(function)(x), gradient, 1e-12)
    assert_same(ag.grad(ag.checkpoint(function))(x), gradient, 1e-12)
    slope = ag.jvp(function, (x,), (np.ones_like(x),))[1]
    np.testing.assert_allclose(slope, np.sum(gradient), rtol=1e-9, atol=1e-9)  # sums that may cancel
    if sample.order > 1:
        (product,) = ag.hvp(function, (x,), (np.ones_like(x),))
        assert product.shape == x.shape


def is_drawn_and_explained(sample):
    if (given := function_of_the_input(sample)) is None:
        return
    x = ag.Tensor(given[1], requires_grad=True)
    out = given[0](x)
    assert str(ag.draw(out))
    assert str(ag.explain(out, x))


USES = [
    is_copied,
    gives_and_takes_its_state,
    takes_arrays_of_any_layout,
    takes_tensors,
    takes_an_empty_batch_or_says_why_not,
    follows_to_other_types,
    records_nothing_when_frozen_or_not_recording,
    repeats_itself_in_evaluation,
    adds_gradients_up,
    is_a_function_of_its_input,
    is_drawn_and_explained,
]


@pytest.mark.parametrize("name", FAMILIES)
def test_a_layer(name):
    for use in USES:
        for seed in SEEDS:
            sample = FAMILIES[name].sample(seed)
            try:
                use(sample)
            except Exception as error:
                error.add_note(f"{use.__name__}: {sample} of seed {seed}")
                raise


def test_what_is_no_array_is_refused_by_name():
    for name in FAMILIES:
        sample = FAMILIES[name].sample(1)
        for given in ("abc", None):
            layer = sample.layer()
            if name in ("Dropout", "Identity"):  # these may pass on what comes
                continue
            with pytest.raises(ag.AutogradError, match=r" In [\w.]"):
                layer(given, *sample.arrays()[1:])
    net = nn.Sequential(nn.Flatten(), nn.Linear(2, 1))
    words = r"Flatten: input must be .* got list \[\[1.0, 2.0\]\]; np.array makes one of a list. In 0 \(Flatten\)."
    with pytest.raises(ag.DTypeError, match=words):
        net([[1.0, 2.0]])
