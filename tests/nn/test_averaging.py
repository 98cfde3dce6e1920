"""Averages of weights are the means of what was seen, leave the model alone, and can be saved and gone on with."""

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn import averaging
from nn.averaging import AveragedModel


class Norm(nn.Module):
    """As batch normalization: statistics of the inputs, a moving average, or that of all if momentum is None."""

    def __init__(self):
        super().__init__()
        self.momentum = 0.1
        self.register_buffer("running_mean", np.zeros(1))
        self.register_buffer("num_batches_tracked", np.zeros((), int))

    def reset_running_stats(self):
        with ag.no_grad():
            self.running_mean.zero_()
            self.num_batches_tracked.zero_()

    def forward(self, x):
        if self.training:
            self.num_batches_tracked += 1
            part = 1 / self.num_batches_tracked.item() if self.momentum is None else self.momentum
            self.running_mean = self.running_mean + part * (np.mean(x) - self.running_mean)
        return x - self.running_mean


def weights(rng, model):
    """Random values for all that is saved."""
    return {
        name: rng.normal(size=value.shape).astype(value.dtype)
        if value.dtype.kind == "f"
        else rng.integers(9, size=value.shape)
        for name, value in model.state_dict().items()
    }


def model():
    return nn.Sequential(nn.Linear(3, 2, rng=0, dtype=np.float64), Norm())


FUNCTIONS = {
    "mean": ({}, lambda seen: sum(seen) / len(seen)),
    "swa": ({"avg_fn": averaging.get_swa_avg_fn()}, lambda seen: sum(seen) / len(seen)),
    "swa, several": ({"multi_avg_fn": averaging.get_swa_multi_avg_fn()}, lambda seen: sum(seen) / len(seen)),
    "ema": ({"avg_fn": averaging.get_ema_avg_fn(0.75)}, lambda seen: _moving(seen)),
    "ema, several": ({"multi_avg_fn": averaging.get_ema_multi_avg_fn(0.75)}, lambda seen: _moving(seen)),
}


def _moving(seen):
    """The exponential moving average, as a sum: the first has the weight of all before it."""
    n = len(seen)
    return sum(x * (0.75 ** (n - 1 - i) * (0.25 if i else 1.0)) for i, x in enumerate(seen))


@pytest.mark.parametrize("use_buffers", [False, True])
@pytest.mark.parametrize("kind", FUNCTIONS)
def test_the_average_is_that_of_all_that_was_seen(kind, use_buffers):
    options, expected = FUNCTIONS[kind]
    rng, net = np.random.default_rng(0), model()
    average, seen = AveragedModel(net, use_buffers=use_buffers, **options), []
    for _ in range(5):
        net.load_state_dict(state := weights(rng, net))
        average.update_parameters(net)
        seen.append(state)
    found = average.state_dict()
    assert found.pop("n_averaged") == 5
    assert list(found) == [f"module.{name}" for name in net.state_dict()]
    for name, value in net.state_dict().items():
        np.testing.assert_array_equal(value, seen[-1][name])
        if value.dtype.kind == "f" and ("running" not in name or use_buffers):
            # five roundings of numbers near 1 in float64
            np.testing.assert_allclose(found[f"module.{name}"], expected([s[name] for s in seen]), atol=1e-14)
        elif not use_buffers:
            np.testing.assert_array_equal(found[f"module.{name}"], value)


def test_the_average_computes_and_goes_on_from_its_state():
    rng, net = np.random.default_rng(1), model()
    average = AveragedModel(net)
    states = [weights(rng, net) for _ in range(4)]
    for state in states[:2]:
        net.load_state_dict(state)
        average.update_parameters(net)
    resumed = AveragedModel(model())
    resumed.load_state_dict(average.state_dict())
    for state in states[2:]:
        net.load_state_dict(state)
        average.update_parameters(net)
        resumed.update_parameters(net)
    x = rng.normal(size=(2, 3))
    np.testing.assert_array_equal(average.eval()(x).data, resumed.eval()(x).data)
    expected = x @ average.module[0].weight.data.T + average.module[0].bias.data - average.module[1].running_mean.data
    np.testing.assert_allclose(average(x).data, expected, rtol=1e-14)


def test_what_cannot_be_averaged_is_refused():
    with pytest.raises(ag.OptionError, match="give avg_fn or multi_avg_fn, not both"):
        AveragedModel(model(), averaging.get_swa_avg_fn(), averaging.get_swa_multi_avg_fn())
    with pytest.raises(ag.OptionError, match=r"expects an nn\.Module, got list"):
        AveragedModel([])
    with pytest.raises(ag.DataError, match="needs the model that was copied"):
        AveragedModel(model()).update_parameters(nn.Linear(3, 3))
    for make in (averaging.get_ema_avg_fn, averaging.get_ema_multi_avg_fn):
        with pytest.raises(ag.OptionError, match=r"decay is .* from 0 to 1; got 1.5"):
            make(1.5)


def test_running_statistics_become_those_of_all_inputs():
    net = nn.Sequential(nn.Linear(3, 1, rng=0, dtype=np.float64), Norm(), nn.Dropout())
    net.eval()
    net[2].training = True
    batches = [np.random.default_rng(i).normal(size=(4, 3)) for i in range(5)]
    averaging.update_bn([(batch, "label") for batch in batches], net)
    expected = np.mean([batch @ net[0].weight.data.T + net[0].bias.data for batch in batches])
    np.testing.assert_allclose(net[1].running_mean.data, expected, rtol=1e-12)  # 20 numbers in another order
    assert net[1].momentum == 0.1
    assert [module.training for module in net.modules()] == [False, False, False, True]
    assert not net[1].running_mean.requires_grad
    averaging.update_bn(iter([1]), nn.Linear(1, 1))  # nothing to update: the inputs are not touched
