"""Every layer and loss through the gradient kit, by its inputs and its parameters, first and second order."""

import copy

import numpy as np
import pytest

import autograd_core as ag
import nn
from tests.nn.samples import FAMILIES

SEEDS = range(3)


class Repeatable(nn.Module):
    """A layer whose every call draws the same random numbers and finds the same buffers; its results side by side."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer
        self._buffers_before = {name: np.array(value) for name, value in layer.named_buffers()}
        self._generators = {
            id(m.rng): (m.rng, m.rng.bit_generator.state)
            for m in layer.modules()
            if getattr(m, "rng", None) is not None
        }

    def forward(self, *inputs):
        for generator, state in self._generators.values():
            generator.bit_generator.state = copy.deepcopy(state)
        for name, value in self.layer.named_buffers():
            array = value.writable() if isinstance(value, ag.Tensor) else value
            array[...] = self._buffers_before[name]
        return ag.concatenate([part.ravel() for part in leaves(self.layer(*inputs))])


def leaves(outputs):
    if isinstance(outputs, tuple | list):
        return [leaf for part in outputs for leaf in leaves(part)]
    return [outputs] if outputs is not None and outputs.dtype.kind == "f" else []


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", FAMILIES)
def test_gradients_are_those_of_differences(name, seed):
    sample = FAMILIES[name].sample(seed)
    if sample.order == 0:
        pytest.skip(f"{name} is flat where it is smooth, and has no gradient to check")
    ag.gradcheck(Repeatable(sample.layer()), *sample.arrays(), order=sample.order, samples=6)
