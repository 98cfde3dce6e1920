"""A summary counts what PyTorch counts, shows what ran, says what failed, and leaves the model as it was."""

import tracemalloc

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn.models import cnn, lenet, mlp

LENET = """\
Layer            Input           Output          Parameters  Multiply-adds      Kept
------------------------------------------------------------------------------------
Sequential       (1, 1, 28, 28)  (1, 10)                  -              -         -
├─ 0: Conv2d     (1, 1, 28, 28)  (1, 6, 24, 24)         156         86,400   3.1 KiB
├─ 1: ReLU       (1, 6, 24, 24)  (1, 6, 24, 24)           -              -  13.5 KiB
├─ 2: MaxPool2d  (1, 6, 24, 24)  (1, 6, 12, 12)           -              -   4.2 KiB
├─ 3: Conv2d     (1, 6, 12, 12)  (1, 16, 8, 8)        2,416        153,600   3.4 KiB
├─ 4: ReLU       (1, 16, 8, 8)   (1, 16, 8, 8)            -              -   4.0 KiB
├─ 5: MaxPool2d  (1, 16, 8, 8)   (1, 16, 4, 4)            -              -   1.2 KiB
├─ 6: Flatten    (1, 16, 4, 4)   (1, 256)                 -              -         -
├─ 7: Linear     (1, 256)        (1, 120)            30,840         30,720   1.0 KiB
├─ 8: ReLU       (1, 120)        (1, 120)                 -              -     480 B
├─ 9: Linear     (1, 120)        (1, 84)             10,164         10,080         -
├─ 10: ReLU      (1, 84)         (1, 84)                  -              -     336 B
└─ 11: Linear    (1, 84)         (1, 10)                850            840         -
------------------------------------------------------------------------------------
Parameters: 44,426, of which 44,426 learned and 0 frozen.
Multiply-adds: 281,640 in one forward pass on (1, 1, 28, 28).
"""


def wide_lenet():
    return lenet((1, 28, 28), 10, rng=0)


def columns(result):
    return {layer.name: layer for layer in result.layers}


class Own(nn.Module):
    """A module whose forward is a given function of the module and its input."""

    def __init__(self, function, **held):
        super().__init__()
        self.function = function
        for name, value in held.items():
            setattr(self, name, value)

    def forward(self, *args, **kwargs):
        return self.function(self, *args, **kwargs)


# --- what is counted --------------------------------------------------------------------------------------------------


def test_lenet_is_shown_layer_by_layer():
    shown = str(nn.summary(wide_lenet(), (1, 28, 28)))
    # 44,426 and 281,640 are PyTorch's too. Kept are, 4 bytes a number and each array once, inputs of convolutions and
    # affine maps and outputs of ReLU; and of each maximum a byte for each of 4 places and one for how many share it.
    assert shown.startswith(LENET), shown


# torch.utils.flop_counter.FlopCounterMode of PyTorch 2.13.0, halved: it counts 2 for each multiply-add
COUNTED_BY_PYTORCH = [
    (nn.Conv1d, (4, 6, 3), {}, (2, 4, 20), 2592),
    (nn.Conv1d, (4, 6, 3), {"stride": 2, "padding": 1}, (2, 4, 20), 1440),
    (nn.Conv1d, (4, 6, 3), {"dilation": 3}, (2, 4, 20), 2016),
    (nn.Conv1d, (4, 6, 3), {"groups": 2, "stride": 3}, (2, 4, 20), 432),
    (nn.Conv2d, (1, 6, 5), {}, (1, 1, 28, 28), 86_400),
    (nn.Conv2d, (6, 16, 5), {}, (1, 6, 12, 12), 153_600),
    (
        nn.Conv2d,
        (4, 8, (3, 5)),
        {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2), "groups": 2},
        (2, 4, 15, 13),
        34_560,
    ),
    (nn.Conv2d, (8, 8, 3), {"groups": 8, "padding": "same"}, (1, 8, 9, 9), 5832),
    (nn.Conv2d, (3, 64, 11), {"stride": 4, "padding": 2}, (1, 3, 224, 224), 70_276_800),  # AlexNet's first
    (nn.Conv2d, (3, 64, 7), {"stride": 2, "padding": 3}, (1, 3, 224, 224), 118_013_952),  # ResNet's first
    (nn.Conv3d, (2, 4, 3), {"stride": (1, 2, 1), "padding": 1}, (1, 2, 6, 7, 8), 41_472),
    (nn.Linear, (784, 30), {}, (10, 784), 235_200),
    (nn.Linear, (5, 7), {}, (2, 3, 5), 210),
]


@pytest.mark.parametrize(("layer", "args", "options", "shape", "count"), COUNTED_BY_PYTORCH)
def test_multiply_adds_of_layers_are_pytorchs(layer, args, options, shape, count):
    assert nn.summary(layer(*args, **options, rng=0), shape, batch_size=None).multiply_adds == count


def resnet18():
    """The layers of ResNet-18 without its normalizations (He et al., Deep residual learning, 2015)."""

    def conv(i, o, k, stride, padding):
        return nn.Conv2d(i, o, k, stride, padding, bias=False, rng=0)

    def block(i, o, stride):
        short = conv(i, o, 1, stride, 0) if stride != 1 else nn.Identity()
        return Own(
            lambda m, x: m.second(ag.relu(m.first(x))) + m.short(x),
            first=conv(i, o, 3, stride, 1),
            second=conv(o, o, 3, 1, 1),
            short=short,
        )

    widths = [(64, 64, 1), (64, 64, 1), (64, 128, 2), (128, 128, 1)]
    widths += [(128, 256, 2), (256, 256, 1), (256, 512, 2), (512, 512, 1)]
    return Own(
        lambda m, x: m.head(ag.mean(m.blocks(m.pool(ag.relu(m.stem(x)))), (2, 3))),
        stem=conv(3, 64, 7, 2, 3),
        pool=nn.MaxPool2d(3, 2, 1),
        blocks=nn.Sequential(*(block(*width) for width in widths)),
        head=nn.Linear(512, 1000, rng=0),
    )


def test_a_residual_network_costs_what_pytorch_counts():
    # by the same script; with its normalizations the network is published as 11,689,512 parameters and 1.81 G
    result = nn.summary(resnet18(), (3, 224, 224), depth=2)
    assert (result.parameters, result.multiply_adds) == (11_679_912, 1_814_073_344)
    assert len(result.layers) == 1 + 4 + 8


@pytest.mark.parametrize("weight", [nn.Parameter(np.ones((3, 4), np.float32)), np.ones((3, 4), np.float32)])
def test_products_in_modules_of_ones_own_are_counted(weight):
    result = nn.summary(Own(lambda m, x: x @ m.w, w=weight), (5, 3), batch_size=2)
    assert result.multiply_adds == 2 * 5 * 3 * 4


def test_attention_is_counted():
    # 2 * bhqkd, of which PyTorch counts 2 * 720 = 1440 for these shapes
    def attend(m, q, k, v):
        return ag.einsum("bhqk,bhkd->bhqd", ag.softmax(ag.einsum("bhqd,bhkd->bhqk", q, k), -1), v)

    assert nn.summary(Own(attend), [(3, 5, 4), (3, 6, 4), (3, 6, 4)], batch_size=2).multiply_adds == 1440


def test_frozen_layers_are_counted_and_keep_less():
    free, frozen = nn.MLP([30, 40, 50, 10], rng=0), nn.MLP([30, 40, 50, 10], rng=0)
    frozen[0].requires_grad_(False)
    frozen[2].requires_grad_(False)
    all_learned, part = nn.summary(free, (30,)), nn.summary(frozen, (30,))
    assert part.multiply_adds == all_learned.multiply_adds == 30 * 40 + 40 * 50 + 50 * 10
    assert (part.parameters, part.frozen) == (all_learned.parameters, 30 * 40 + 40 + 40 * 50 + 50)
    assert part.gradient_bytes == 4 * 510
    assert part.kept == 50 * 4 < all_learned.kept  # only what the last layer read
    assert "0: Linear (frozen)" in str(part)


def test_what_is_done_to_frozen_parameters_alone_is_counted():
    weights = {name: nn.Parameter(np.ones((3, 4), np.float32), requires_grad=False) for name in ("a", "b")}
    result = nn.summary(Own(lambda m, x: m.a @ m.b.T, **weights), (2,))
    assert (result.multiply_adds, result.kept, result.frozen) == (36, 0, 24)
    assert not any(weight.requires_grad for weight in weights.values())


def test_shared_parameters_count_once_and_say_so():
    first, second = nn.Linear(3, 3, rng=0), nn.Linear(3, 3, rng=0)
    second.weight = first.weight
    result = nn.summary(nn.Sequential(first, second), (3,))
    assert result.parameters == 9 + 3 + 3 == sum(layer.parameters for layer in result.layers)
    assert [layer.marks for layer in result.layers] == [(), (), ("shared",)]
    assert [layer.parameters for layer in result.layers] == [0, 12, 3]


def test_buffers_are_counted_apart():
    model = nn.Sequential(nn.Linear(2, 2, rng=0))
    model.register_buffer("mean", np.zeros(7))
    model.register_buffer("seen", ag.tensor(np.zeros(2)))
    result = nn.summary(model, (2,))
    assert (result.parameters, result.buffers, result.buffer_bytes, result.layers[0].buffers) == (6, 9, 72, 9)
    assert "and 9 numbers in buffers" in str(result)


@pytest.mark.parametrize(
    "build", [wide_lenet, lambda: cnn((1, 28, 28), 10, rng=0), lambda: mlp((1, 28, 28), 10, rng=0)]
)
def test_what_is_kept_is_what_a_training_step_holds(build):
    model = build()
    result = nn.summary(model, (1, 28, 28), batch_size=64, training=True)
    x = np.random.default_rng(0).normal(size=(64, 1, 28, 28)).astype(np.float32)
    model(x)
    tracemalloc.start()
    out = model(x)
    held = tracemalloc.get_traced_memory()[0]
    nn.functional.cross_entropy(out, np.zeros(64, int)).backward()
    peak = tracemalloc.get_traced_memory()[1] + result.parameter_bytes
    tracemalloc.stop()
    # nodes, Python objects and the 2,560 bytes of the logits come on top: about 10 kB
    assert result.kept <= held <= result.kept + 20_000
    # an estimate: operations need room for themselves, and the sweep frees as it goes
    assert 0.6 * result.step < peak < 1.4 * result.step


def test_in_training_masks_of_dropout_are_kept():
    model = nn.Sequential(nn.Linear(4, 1000, rng=0), nn.Dropout(rng=0), nn.Linear(1000, 1, rng=0))
    evaluated, trained = nn.summary(model, (4,)), nn.summary(model, (4,), training=True)
    assert trained.kept - evaluated.kept >= 1000
    assert columns(evaluated)["1"].kept == 0


@pytest.mark.parametrize("depth", [1, 2, 3, None])
def test_each_column_adds_up(depth):
    result = nn.summary(resnet18(), (3, 32, 32), depth=depth)
    assert max(layer.depth for layer in result.layers) == (depth or 3)
    for name in ("parameters", "multiply_adds", "kept"):
        assert sum(getattr(layer, name) for layer in result.layers) == getattr(result, name) > 0


# --- what is shown ----------------------------------------------------------------------------------------------------


def test_a_module_called_twice_has_a_line_for_each_call():
    layer = nn.Linear(3, 3, rng=0)
    result = nn.summary(Own(lambda m, x: m.layer(m.layer(x)), layer=layer), (3,))
    assert [line.marks for line in result.layers] == [(), (), ("reused",)]
    assert (result.parameters, result.multiply_adds) == (12, 18)
    assert "layer: Linear (reused)" in str(result)


def test_many_calls_are_one_line_with_their_number():
    def run(m, x):
        for _ in range(100):
            x = m.cell(x)
        return x

    cell = nn.Sequential(nn.Linear(3, 3, rng=0), nn.Tanh())
    result = nn.summary(Own(run, cell=cell), (3,))
    assert len(result.layers) == 1 + 3 * 3 + 1
    assert result.layers[-1].marks == ("reused, 97 calls",)
    assert (result.layers[-1].multiply_adds, result.multiply_adds) == (97 * 9, 100 * 9)
    assert result.layers[-1].output_shape == (1, 3)


def test_a_layer_whose_forward_is_run_without_a_call_is_seen():
    class Direct(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(3, 2, rng=0)

        def forward(self, x):
            return self.linear.forward(x)

    assert [(layer.name, layer.multiply_adds) for layer in nn.summary(Direct(), (3,)).layers] == [
        ("", 0),
        ("linear", 6),
    ]


def test_modules_that_were_not_called_are_listed_once():
    model = Own(lambda m, x: m.heads["a"](x))
    model.heads = {"a": nn.Linear(2, 1, rng=0), "b": nn.Sequential(nn.Linear(2, 5, rng=0), nn.ReLU())}
    result = nn.summary(model, (2,))
    assert [(line.name, line.marks, line.parameters) for line in result.layers] == [
        ("", (), 0),
        ("heads.a", (), 3),
        ("heads.b", ("not used",), 15),
    ]
    assert str(result).endswith("Read by no operation that was recorded: heads.b.0.weight, heads.b.0.bias.")
    assert result.parameters == 18


def test_a_module_of_which_only_a_part_is_called_keeps_its_parameters():
    group = Own(None, gain=nn.Parameter(2.0), inner=nn.Linear(2, 2, rng=0))
    result = nn.summary(Own(lambda m, x: m.group.gain * m.group.inner(x), group=group), (2,))
    assert [(line.name, line.marks, line.parameters) for line in result.layers] == [
        ("", (), 0),
        ("group.inner", (), 6),
        ("group", ("only its parts are used",), 1),
    ]


def test_a_module_that_only_groups_others_has_no_line():
    group = Own(None, inner=nn.Linear(2, 2, rng=0), spare=nn.ReLU())
    result = nn.summary(Own(lambda m, x: m.group.inner(x), group=group), (2,))
    assert [line.name for line in result.layers] == ["", "group.inner", "group.spare"]


def test_the_tree_is_drawn():
    model = nn.Sequential(nn.Sequential(nn.Sequential(nn.ReLU()), nn.ReLU()), nn.Sequential(nn.Tanh()))
    assert [line.split("  (")[0].rstrip() for line in str(nn.summary(model, (3,))).splitlines()[2:9]] == [
        "Sequential",
        "├─ 0: Sequential",
        "│  ├─ 0: Sequential",
        "│  │  └─ 0: ReLU",
        "│  └─ 1: ReLU",
        "└─ 1: Sequential",
        "   └─ 0: Tanh",
    ]


def test_results_of_any_kind_are_shown():
    def forward(m, x):
        return {"logits": x, "state": (x[0], None), "loss": 0.5, "of": m}

    result = nn.summary(Own(forward), (3,), batch_size=2)
    assert result.output_shape == {"logits": (2, 3), "state": [(3,), None], "loss": "float", "of": "Own"}
    result = nn.summary(Own(lambda m, x: None), (3,))
    assert result.output_shape is None
    assert "(1, 3)  None" in str(result)


@pytest.mark.parametrize("depth", [1, 12, 40])
def test_lines_have_at_most_100_characters(depth):
    model = nn.Linear(3, 3, rng=0)
    for i in range(depth):
        model = Own(lambda m, x: vars(m)[m.name](x), name=f"a_very_long_name_{i}", **{f"a_very_long_name_{i}": model})
    many = Own(lambda m, x, **more: {f"output_{i}": m.model(x) for i in range(20)}, model=model)
    result = nn.summary(many, {"x": (3,), **{f"input_{i}": (3, 4, 5) for i in range(20)}})
    assert max(map(len, str(result).splitlines())) <= 100
    assert len({len(line) for line in str(result).splitlines() if set(line) == {"-"}}) == 1


# --- the input --------------------------------------------------------------------------------------------------------


def test_the_shape_is_that_of_one_sample_and_the_batch_comes_before_it():
    linear = nn.Linear(3, 2, rng=0)
    assert nn.summary(linear, (3,)).input_shape == (1, 3)
    assert nn.summary(linear, 3, batch_size=7).input_shape == (7, 3)
    assert nn.summary(linear, [5, 3], batch_size=None).input_shape == (5, 3)


def test_several_inputs_and_named_ones():
    model = Own(lambda m, x, y: x[:, y[0]])
    two = nn.summary(model, [(5,), (3,)], dtype=[np.float64, int], batch_size=2)
    assert two.input_shape == [(2, 5), (2, 3)]
    assert two.output_shape == (2, 3)
    assert nn.summary(model, {"y": (3,), "x": (5,)}, dtype={"x": "f4", "y": int}).output_shape == (1, 3)


def test_real_arrays_may_be_given():
    seen = []
    model = Own(lambda m, x, **more: seen.append((x, more)) or x)
    data, ids = np.arange(6.0).reshape(2, 3), np.array([1, 2])
    assert nn.summary(model, input_data=data).input_shape == (2, 3)
    nn.summary(model, input_data=[ag.tensor(data)])
    nn.summary(model, input_data={"x": data, "ids": ids, "scale": 2.5})
    for x, _ in seen:
        assert np.array_equal(x.detach().numpy(), data)
    assert seen[-1][1]["scale"] == 2.5
    assert seen[-1][1]["ids"].dtype == int


def test_numbers_are_of_the_type_of_the_parameters():
    seen = []
    for dtype in (np.float32, np.float64):
        nn.summary(Own(lambda m, x: seen.append(x.dtype) or m.l(x), l=nn.Linear(2, 2, dtype=dtype, rng=0)), (2,))
    assert seen == [np.float32, np.float64]


def test_a_model_that_takes_only_arrays_is_run_on_them():
    model = Own(lambda m, x: m.l(np.asarray(x) / 2), l=nn.Linear(2, 3, rng=0))
    assert nn.summary(model, (2,)).multiply_adds == 6
    assert nn.summary(model, input_data=np.ones((4, 2), np.float32)).multiply_adds == 24


@pytest.mark.parametrize(
    ("args", "options", "words"),
    [
        ((nn.Linear, (3,)), {}, r"must be an nn.Module, got type; write Linear\(\.\.\.\)"),
        ((np.tanh, (3,)), {}, "must be an nn.Module, got ufunc"),
        ((nn.ReLU(),), {}, "either input_shape, as in .* or input_data"),
        ((nn.ReLU(), (3,)), {"input_data": np.ones(3)}, "either input_shape"),
        ((nn.ReLU(), (3.5,)), {}, r"shape of one sample, .* got \(3.5,\)"),
        ((nn.ReLU(), "ab"), {}, "shape of one sample"),
        ((nn.ReLU(), {}), {}, r"shape of one sample, .* got \{\}"),
        ((nn.ReLU(), (-1, 3)), {}, r"got \(-1, 3\)"),
        ((nn.ReLU(), (3,)), {"batch_size": 0}, "batch_size must be a positive whole number"),
        ((nn.ReLU(), (3,)), {"depth": 0}, "depth must be a positive whole number"),
        ((nn.ReLU(), [(3,), (3,)]), {"dtype": ["f4"]}, "2 inputs need one dtype or 2, got 1"),
        ((nn.ReLU(), {"x": (3,)}), {"dtype": {"y": "f4"}}, "dtype must name the inputs, x"),
        ((nn.ReLU(), (3,)), {"dtype": complex}, "dtype must be of floating point"),
    ],
)
def test_what_cannot_be_summed_up_is_refused_in_words(args, options, words):
    with pytest.raises((ag.OptionError, ag.DTypeError), match=words):
        nn.summary(*args, **options)
