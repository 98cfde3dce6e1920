"""Recurrent cells and layers: what a step does, what a sequence does, what is refused, and that they learn."""

import numpy as np
import pytest

import autograd_core as ag
import nn

CELLS = {"RNN": nn.RNNCell, "LSTM": nn.LSTMCell, "GRU": nn.GRUCell}
LAYERS = {"RNN": nn.RNN, "LSTM": nn.LSTM, "GRU": nn.GRU}
TOLERANCE = 1e-12  # float64: the layer computes the logistic function by tanh, and all inputs in one product


def numbers(*shape, seed=0, dtype=np.float64):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def logistic(x):
    return 1 / (1 + np.exp(-x))


def test_a_cell_is_its_formula():
    x, h, c = numbers(4, 3), numbers(4, 2, seed=1), numbers(4, 2, seed=2)
    rnn, lstm, gru = (kind(3, 2, rng=0, dtype=np.float64) for kind in CELLS.values())

    def parts(cell):
        state = cell.state_dict()
        return x @ state["weight_ih"].T + state["bias_ih"], h @ state["weight_hh"].T + state["bias_hh"]

    a, b = parts(rnn)
    np.testing.assert_allclose(rnn(x, h).detach(), np.tanh(a + b), rtol=TOLERANCE)

    a, b = parts(lstm)
    i, f, g, o = np.split(a + b, 4, axis=1)
    cell = logistic(f) * c + logistic(i) * np.tanh(g)
    found = lstm(x, (h, c))
    np.testing.assert_allclose(found[1].detach(), cell, rtol=TOLERANCE)
    np.testing.assert_allclose(found[0].detach(), logistic(o) * np.tanh(cell), rtol=TOLERANCE)

    (x_r, x_z, x_n), (h_r, h_z, h_n) = (np.split(part, 3, axis=1) for part in parts(gru))
    z = logistic(x_z + h_z)
    new = (1 - z) * np.tanh(x_n + logistic(x_r + h_r) * h_n) + z * h
    np.testing.assert_allclose(gru(x, h).detach(), new, rtol=TOLERANCE)


def test_the_simple_cell_can_use_relu():
    cell = nn.RNNCell(1, 1, nonlinearity="relu", bias=False, rng=0, dtype=np.float64)
    w, u = cell.weight_ih.item(), cell.weight_hh.item()
    for x in (-1.0, 1.0):
        assert cell(np.array([x]), np.array([2.0])).item() == pytest.approx(max(w * x + u * 2, 0), rel=TOLERANCE)


def step_by_step(kind, layer, x):
    """The same with cells: all layers, each in both directions if there are two."""
    ends = ("", "_reverse") if layer.bidirectional else ("",)
    last = []
    for k in range(layer.num_layers):
        outputs = []
        for end in ends:
            weights = {name.removesuffix(f"_l{k}{end}"): w for name, w in layer.named_parameters()}
            cell = CELLS[kind](x.shape[-1], layer.hidden_size, dtype=np.float64)
            with ag.no_grad():
                for name, parameter in cell.named_parameters():
                    parameter.writable()[...] = weights[name].detach()
            state, states = None, []
            for step in x[::-1] if end else x:
                state = cell(step, state)
                states.append((state[0] if kind == "LSTM" else state).detach().numpy())
            outputs.append(np.stack(states[::-1] if end else states))
            last.append(states[-1])
        x = np.concatenate(outputs, axis=-1)
    return x, np.stack(last)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("kind", LAYERS)
def test_a_layer_goes_through_the_sequence_as_its_cell_does(kind, bidirectional):
    layer = LAYERS[kind](3, 4, num_layers=2, bidirectional=bidirectional, rng=0, dtype=np.float64)
    x = numbers(5, 2, 3)
    outputs, last = layer(x)
    wanted, wanted_last = step_by_step(kind, layer, x)
    np.testing.assert_allclose(outputs.detach(), wanted, rtol=TOLERANCE, atol=TOLERANCE)
    last = last[0] if kind == "LSTM" else last
    np.testing.assert_allclose(last.detach(), wanted_last, rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.parametrize("kind", LAYERS)
def test_gradients_are_those_of_the_unrolled_cell(kind):
    """The layer's derivatives are one rule for the sequence, the cell's are those of elementary operations."""
    layer, cell = LAYERS[kind](3, 4, rng=0, dtype=np.float64), CELLS[kind](3, 4, rng=0, dtype=np.float64)
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in layer.state_dict().items()})
    x, weights = ag.tensor(numbers(6, 2, 3), requires_grad=True), numbers(6, 2, 4, seed=1)
    state, total = None, 0.0
    for step, weight in zip(x, weights, strict=True):
        state = cell(step, state)
        total = total + ((state[0] if kind == "LSTM" else state) ** 2 * weight).sum()
    total.backward()
    by_x, x.grad = x.grad.numpy(), None
    (layer(x)[0] ** 2 * weights).sum().backward()
    np.testing.assert_allclose(x.grad, by_x, rtol=TOLERANCE, atol=TOLERANCE)
    for (name, p), q in zip(layer.named_parameters(), cell.parameters(), strict=True):
        np.testing.assert_allclose(p.grad, q.grad, rtol=TOLERANCE, atol=TOLERANCE, err_msg=name)


@pytest.mark.parametrize("kind", LAYERS)
def test_a_graph_may_be_swept_again_with_another_cotangent(kind):
    """What one sweep derives for all arrays at once is not taken for that of the next."""
    layer, x = LAYERS[kind](3, 4, rng=0, dtype=np.float64), numbers(5, 2, 3)
    out, parameters = layer(x)[0], list(layer.parameters())
    for seed in range(2):
        weights = numbers(5, 2, 4, seed=seed)
        again = ag.gradients(out, parameters, grad_outputs=weights)
        fresh = ag.gradients(layer(x)[0], parameters, grad_outputs=weights)
        for found, wanted in zip(again, fresh, strict=True):
            np.testing.assert_array_equal(found, wanted)


def test_a_projection_shortens_the_state_and_not_the_cell():
    layer = nn.LSTM(3, 5, proj_size=2, rng=0, dtype=np.float64)
    x = numbers(4, 2, 3)
    outputs, (h, c) = layer(x)
    assert outputs.shape == (4, 2, 2)
    assert (h.shape, c.shape) == ((1, 2, 2), (1, 2, 5))
    weights = layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0, layer.bias_hh_l0, layer.weight_hr_l0
    state = np.zeros((2, 2)), np.zeros((2, 5))
    for step in x:
        state = nn.functional.lstm_cell(step, state, *weights)
    np.testing.assert_allclose(h[0].detach(), state[0].detach(), rtol=TOLERANCE)
    np.testing.assert_allclose(c[0].detach(), state[1].detach(), rtol=TOLERANCE)


def test_names_and_shapes_are_pytorchs():
    """Golden: torch.nn.LSTM(3, 4, num_layers=2, bidirectional=True, proj_size=2).state_dict() of PyTorch 2.13.0."""
    shapes = {"weight_ih": (16, 3), "weight_hh": (16, 2), "bias_ih": (16,), "bias_hh": (16,), "weight_hr": (2, 4)}
    wanted = []
    for layer in ("l0", "l1"):
        for end in ("", "_reverse"):
            wanted += [(f"{name}_{layer}{end}", shape) for name, shape in shapes.items()]
        shapes["weight_ih"] = (16, 4)
    state = nn.LSTM(3, 4, num_layers=2, bidirectional=True, proj_size=2).state_dict()
    assert [(name, value.shape) for name, value in state.items()] == wanted
    assert [*nn.GRU(3, 4, bias=False).state_dict()] == ["weight_ih_l0", "weight_hh_l0"]


@pytest.mark.parametrize("kind", [*LAYERS.values(), *CELLS.values()], ids=lambda kind: kind.__name__)
def test_parameters_start_uniform_within_one_over_root_hidden_size(kind):
    layer = kind(7, 25, rng=3)
    values = np.concatenate([p.detach().numpy().ravel() for p in layer.parameters()])
    assert abs(values).max() <= 0.2
    assert values.std() == pytest.approx(0.2 / 3**0.5, rel=0.05)  # some 700 numbers or more: 0.05 is 3 sigma
    before = layer.state_dict()
    layer.reset_parameters(rng=4)
    assert all((value != before[name]).any() for name, value in layer.state_dict().items())


@pytest.mark.parametrize("kind", LAYERS)
def test_layouts_differ_in_nothing_but_their_axes(kind):
    layer = LAYERS[kind](3, 4, bidirectional=True, rng=0, dtype=np.float64)
    first = LAYERS[kind](3, 4, bidirectional=True, batch_first=True, rng=0, dtype=np.float64)
    x = numbers(5, 2, 3)
    outputs, last = layer(x)
    swapped, last_swapped = first(x.swapaxes(0, 1))
    np.testing.assert_array_equal(swapped.detach(), outputs.detach().numpy().swapaxes(0, 1))
    single, last_single = layer(x[:, 1])
    # one row or two: products of other sizes
    np.testing.assert_allclose(single.detach(), outputs[:, 1].detach(), rtol=TOLERANCE, atol=TOLERANCE)
    if kind != "LSTM":
        last, last_swapped, last_single = (last,), (last_swapped,), (last_single,)
    for part, part_swapped, part_single in zip(last, last_swapped, last_single, strict=True):
        np.testing.assert_array_equal(part_swapped.detach(), part.detach())
        np.testing.assert_allclose(part_single.detach(), part[:, 1].detach(), rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.parametrize("kind", LAYERS)
def test_a_sequence_may_be_cut_where_the_state_is_carried_over(kind):
    layer = LAYERS[kind](3, 4, num_layers=2, rng=0, dtype=np.float64)
    x = numbers(6, 2, 3)
    whole, _ = layer(x)
    begin, state = layer(x[:4])
    end, _ = layer(x[4:], state)
    np.testing.assert_allclose(np.concatenate([begin.detach(), end.detach()]), whole.detach(), rtol=TOLERANCE)


def test_a_state_that_is_not_given_is_zeros():
    lstm, x = nn.LSTM(3, 4, rng=0), numbers(5, 2, 3, dtype=np.float32)
    zeros = np.zeros((1, 2, 4), np.float32)
    for state in ((zeros, zeros), (None, zeros), [zeros, None]):
        np.testing.assert_array_equal(lstm(x, state)[0].detach(), lstm(x)[0].detach())
    cell = nn.LSTMCell(3, 4, rng=0)
    np.testing.assert_array_equal(cell(x[0], (zeros[0], None))[0].detach(), cell(x[0])[0].detach())


def test_dropout_acts_between_layers_in_training_only():
    x = numbers(5, 2, 3, dtype=np.float32)
    layer, same = (nn.GRU(3, 4, num_layers=2, dropout=0.5, rng=7) for _ in range(2))
    first = layer(x)[0].detach().numpy()
    np.testing.assert_array_equal(same(x)[0].detach(), first)  # the same seed
    assert (layer(x)[0].detach().numpy() != first).any()  # drawn anew
    plain = nn.GRU(3, 4, num_layers=2, rng=7)
    np.testing.assert_array_equal(layer.eval()(x)[0].detach(), plain(x)[0].detach())
    all_dropped = nn.GRU(3, 4, num_layers=2, dropout=1.0, rng=7)
    assert np.ptp(all_dropped(x)[0].detach().numpy(), axis=1).max() == 0  # the second layer sees zeros
    np.testing.assert_array_equal(all_dropped(x)[1][0].detach(), plain(x)[1][0].detach())  # the first sees the input
    with pytest.warns(UserWarning, match=r"dropout=0.5 does nothing with num_layers=1"):
        nn.GRU(3, 4, dropout=0.5)


@pytest.mark.parametrize("kind", LAYERS)
def test_nan_stays_in_its_sequence_and_after_its_step(kind):
    x = numbers(5, 3, 3)
    x[2, 1] = np.nan
    outputs = LAYERS[kind](3, 4, rng=0, dtype=np.float64)(x)[0].detach().numpy()
    assert np.isnan(outputs[2:, 1]).all()
    assert np.isfinite(outputs[:2]).all()
    assert np.isfinite(outputs[:, [0, 2]]).all()


@pytest.mark.parametrize("kind", LAYERS)
def test_odd_sizes_and_layouts_in_memory(kind):
    layer = LAYERS[kind](1, 1, bidirectional=True, rng=0)
    assert layer(numbers(1, 1, 1, dtype=np.float32))[0].shape == (1, 1, 2)
    empty = layer(np.zeros((3, 0, 1), np.float32))[0]
    assert empty.shape == (3, 0, 2)
    empty.sum().backward()
    assert all((p.grad.numpy() == 0).all() for p in layer.parameters())
    layer = LAYERS[kind](3, 4, rng=0, dtype=np.float64)
    x = numbers(5, 2, 3)
    np.testing.assert_array_equal(layer(np.asfortranarray(x))[0].detach(), layer(x)[0].detach())
    np.testing.assert_array_equal(layer(x[::-1])[0].detach(), layer(x[::-1].copy())[0].detach())


def test_only_what_learns_gets_a_gradient():
    layer = nn.LSTM(3, 4, rng=0)
    layer.weight_hh_l0.requires_grad_(False)
    layer(numbers(5, 2, 3, dtype=np.float32))[0].sum().backward()
    assert layer.weight_hh_l0.grad is None
    assert layer.weight_ih_l0.grad.dtype == layer.bias_hh_l0.grad.dtype == np.float32
    layer.flatten_parameters()


def test_long_sequences_need_no_recursion():
    layer = nn.GRU(1, 2, rng=0)
    outputs, _ = layer(np.ones((3000, 1, 1), np.float32))
    outputs[-1].sum().backward()
    assert np.isfinite(layer.weight_hh_l0.grad.numpy()).all()


WRONG = {
    "features": (
        lambda: nn.LSTM(3, 4)(np.ones((5, 2, 8))),
        r"LSTM: input must be \(seq, batch, 3\), or \(batch, seq, 3\) with batch_first=True, .* got \(5, 2, 8\)",
    ),
    "axes": (lambda: nn.GRU(3, 4)(np.ones(3)), r"GRU: input must be .* got \(3,\)"),
    "no step": (lambda: nn.RNN(3, 4)(np.ones((0, 2, 3))), r"RNN: a sequence needs at least one step; got \(0, 2, 3\)"),
    "state": (
        lambda: nn.GRU(3, 4, batch_first=True)(np.ones((2, 5, 3)), np.zeros((2, 1, 4))),
        r"hx must be \(num_layers \* directions, batch, size\), here \(1, 2, 4\); got \(2, 1, 4\); the batch is second",
    ),
    "single state": (
        lambda: nn.RNN(3, 4)(np.ones((5, 3)), np.zeros((1, 1, 4))),
        r"for one sequence, here \(1, 4\); got \(1, 1, 4\)",
    ),
    "cell state": (
        lambda: nn.LSTM(3, 4)(np.ones((5, 2, 3)), (np.zeros((1, 2, 4)), np.zeros((1, 2, 3)))),
        r"c_0 must be .* here \(1, 2, 4\); got \(1, 2, 3\)",
    ),
    "pair": (
        lambda: nn.LSTM(3, 4)(np.ones((5, 2, 3)), np.zeros((1, 2, 4))),
        r"LSTM: hx must be a pair \(h_0, c_0\), got ndarray of shape \(1, 2, 4\)",
    ),
    "cell": (
        lambda: nn.GRUCell(3, 4)(np.ones((5, 2, 3))),
        r"GRUCell: input must be \(batch, 3\) or \(3,\), one step of the sequence; got \(5, 2, 3\)",
    ),
    "cell's state": (
        lambda: nn.LSTMCell(3, 4)(np.ones((2, 3)), (np.zeros((2, 4)), np.zeros(4))),
        r"c of hx must be \(2, 4\) for input \(2, 3\), got \(4,\)",
    ),
    "nonlinearity": (
        lambda: nn.RNN(3, 4, nonlinearity="sin"),
        r"RNN: nonlinearity must be one of tanh, relu; got 'sin'",
    ),
    "projection": (lambda: nn.LSTM(3, 4, proj_size=4), r"proj_size must be a whole number below hidden_size=4"),
    "dropout": (lambda: nn.LSTM(3, 4, 2, dropout=1.5), r"LSTM: dropout is the probability to drop, from 0 to 1"),
    "size": (lambda: nn.GRU(3, 0), r"GRU: hidden_size must be a positive whole number, got int 0"),
    "layers": (lambda: nn.GRU(3, 4, num_layers=1.5), r"GRU: num_layers must be a positive whole number"),
    "flag": (lambda: nn.GRU(3, 4, bias="no"), r"GRU: bias must be True or False"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_refused_in_words(case):
    call, words = WRONG[case]
    with pytest.raises((ag.ShapeError, ag.OptionError), match=words):
        call()


@pytest.mark.parametrize("kind", LAYERS)
def test_second_derivatives_are_those_of_differences(kind):
    """Of the squared outputs, by all parameters at once, along a random direction: a Hessian-vector product."""
    layer, x = LAYERS[kind](2, 3, rng=0, dtype=np.float64), numbers(4, 2, 2)
    parameters = list(layer.parameters())
    direction = [numbers(*p.shape, seed=i) for i, p in enumerate(parameters)]

    def gradient():
        return ag.gradients((layer(x)[0] ** 2).sum(), parameters, create_graph=True)

    along = sum((g * d).sum() for g, d in zip(gradient(), direction, strict=True))
    found = ag.gradients(along, parameters)
    step, sides = 1e-5, []
    for sign in (1, -1):
        with ag.no_grad():
            for p, d in zip(parameters, direction, strict=True):
                p.writable()[...] += sign * step * d
        sides.append([g.detach().numpy() for g in gradient()])
        with ag.no_grad():
            for p, d in zip(parameters, direction, strict=True):
                p.writable()[...] -= sign * step * d
    for hvp, plus, minus in zip(found, *sides, strict=True):
        # central differences: an error of step**2 and of rounding / step, some 1e-10, relative to numbers around 1
        np.testing.assert_allclose(hvp.detach(), (plus - minus) / (2 * step), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(("kind", "reached"), [("LSTM", 0.04), ("GRU", 0.01)])
def test_it_learns_to_add_two_marked_numbers(kind, reached):
    """The adding problem of Hochreiter and Schmidhuber (1997), 8 steps: to guess 1 costs the variance, 1/6.

    Three seeds reached 0.003 to 0.011 (LSTM) and about 0.001 (GRU).
    """
    rng = np.random.default_rng(0)

    def batch(size):
        values, marks = rng.random((8, size)), np.zeros((8, size))
        first, second = rng.integers(0, 4, size), rng.integers(4, 8, size)
        marks[first, np.arange(size)] = marks[second, np.arange(size)] = 1
        return np.stack([values, marks], axis=-1).astype(np.float32), (values * marks).sum(axis=0).astype(np.float32)

    layer, head = LAYERS[kind](2, 24, rng=0), nn.Linear(24, 1, rng=1)
    optimizer = nn.optim.Adam([*layer.parameters(), *head.parameters()], lr=0.01)
    for _ in range(300):
        x, y = batch(50)
        loss = nn.functional.mse_loss(head(layer(x)[0][-1])[:, 0], y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    x, y = batch(500)
    with ag.no_grad():
        assert nn.functional.mse_loss(head(layer(x)[0][-1])[:, 0], y).item() < reached
