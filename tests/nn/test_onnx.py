"""Models go out as ONNX and come back: onnxruntime and our reader compute what the model computes, for any batch."""

import numpy as np
import pytest

import autograd_core as ag
import nn
from tests.nn.architectures import build

onnx = pytest.importorskip("onnx", reason="onnx is not installed (extra: onnx)")

MODELS = build(nn, lambda parts, dim: ag.concatenate(parts, axis=dim))
TOLERANCE = {"rtol": 1e-5, "atol": 2e-6}  # float32: another order of the sums, tens of layers deep


def trained(name):
    """A model whose batch norms have seen something, in evaluation mode."""
    model, inputs = MODELS[name]
    model.train()
    model(*inputs)
    return model.eval(), inputs


def several(outputs):
    return [part.detach().numpy() for part in (outputs if isinstance(outputs, tuple) else (outputs,))]


def batches(inputs):
    """The example, one sample of it, and more samples than it has."""
    return [inputs, tuple(x[:1] for x in inputs), tuple(np.concatenate([x[::-1], x, x]) for x in inputs)]


@pytest.mark.parametrize("name", MODELS)
def test_onnxruntime_computes_what_the_model_computes(name, tmp_path):
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed (extra: suite)")
    model, inputs = trained(name)
    path = nn.onnx.export(model, inputs, tmp_path / "model.onnx")
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    for batch in batches(inputs):
        found = session.run(None, {value.name: x for value, x in zip(session.get_inputs(), batch, strict=True)})
        for ours, theirs in zip(several(model(*batch)), found, strict=True):
            assert ours.shape == theirs.shape
            np.testing.assert_allclose(theirs, ours, **TOLERANCE)


@pytest.mark.parametrize("name", MODELS)
def test_what_was_written_is_read_back(name, tmp_path):
    model, inputs = trained(name)
    again = nn.onnx.load(nn.onnx.export(model, inputs, tmp_path / "model.onnx"))
    for batch in batches(inputs):
        for ours, theirs in zip(several(model(*batch)), several(again(*batch)), strict=True):
            np.testing.assert_allclose(theirs, ours, **TOLERANCE)


@pytest.mark.parametrize("name", ["lenet", "autoencoder", "inception"])
def test_parameters_keep_their_names_and_can_be_trained_further(name, tmp_path):
    model, inputs = trained(name)
    again = nn.onnx.load(nn.onnx.export(model, inputs, tmp_path / "model.onnx"))
    known = model.state_dict()
    for key, value in again.named_parameters():
        np.testing.assert_array_equal(value.data, known[key])
    assert {key for key, _ in again.named_parameters()} == {key for key, _ in model.named_parameters()}
    for network in (model, again):
        network.zero_grad()
        (network(*inputs) ** 2).sum().backward()
    for key, value in again.named_parameters():
        grad = dict(model.named_parameters())[key].grad
        np.testing.assert_allclose(value.grad.data, grad.data, rtol=1e-4, atol=1e-5)  # float32, sums over images


def test_versions_are_pinned_and_the_batch_is_a_name(tmp_path):
    model, inputs = trained("lenet")
    proto = onnx.load(nn.onnx.export(model, inputs, tmp_path / "model.onnx", input_names=["image"]))
    assert proto.opset_import[0].version == 17
    assert proto.ir_version == 8
    (value,) = proto.graph.input
    assert value.name == "image"
    dims = [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
    assert dims == ["batch", 1, 28, 28]
    kinds = [node.op_type for node in proto.graph.node]
    assert kinds == [*["Conv", "Sigmoid", "AveragePool"] * 2, "Reshape", "Gemm", "Relu", "Gemm", "Identity"]


def test_the_same_model_gives_the_same_bytes_and_is_left_as_it_was(tmp_path):
    model, inputs = MODELS["vgg"]
    model.train()
    before = model.state_dict()
    a = nn.onnx.export(model, inputs, tmp_path / "a.onnx").read_bytes()
    assert nn.onnx.export(model, inputs, tmp_path / "b.onnx").read_bytes() == a
    assert model.training
    for key, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[key])
    assert all(parameter.grad is None for parameter in model.parameters())


def test_a_fixed_batch_is_written_where_it_is_wanted(tmp_path):
    model, inputs = trained("mlp")
    proto = onnx.load(nn.onnx.export(model, inputs, tmp_path / "model.onnx", dynamic_batch=False))
    assert proto.graph.input[0].type.tensor_type.shape.dim[0].dim_value == 4


# --- operations, one by one: the same from onnxruntime, and from what is read back ---

ROWS = np.random.default_rng(1).normal(size=(3, 4)).astype(np.float32)
IMAGES = np.random.default_rng(2).normal(size=(2, 4, 6, 6)).astype(np.float32)
IDS = np.array([[0, 1, 2], [3, 1, 0]])


class Does(nn.Module):
    """What a function of the inputs computes, with a layer at hand."""

    def __init__(self, function):
        super().__init__()
        self.function, self.table = function, nn.Linear(4, 4, rng=0)
        self.register_buffer("scale", np.arange(1.0, 5.0, dtype=np.float32))

    def forward(self, *inputs):
        return self.function(self, *inputs)


def put(x, value):
    out = x * 1
    out[:, 1:3] = value
    return out


OPERATIONS = {
    "slices backwards": (lambda m, x: x[:, 2:0:-1], ROWS),
    "the last": (lambda m, x: x[..., None, -1], ROWS),
    "rows of a table": (lambda m, ids: m.table.weight[ids], IDS),
    "an array, then a slice": (lambda m, x: x[:, [0, 2], 1:3], IMAGES),
    "arrays apart": (lambda m, x: x[:, [0, 2], :, [5, -1]], IMAGES),
    "arrays side by side": (lambda m, x: x[:, :, [[0], [2]], [5, -1]], IMAGES),
    "a mask": (lambda m, x: x[:, np.array([True, False, True, True])], ROWS),
    "the largest, by its position": (lambda m, x: ag.take_along_axis(x, ag.argmax(x, axis=1)[:, None], axis=1), ROWS),
    "elements replaced": (lambda m, x: put(x, 2.0), ROWS),
    "elements replaced by computed ones": (lambda m, x: put(x, ag.tanh(x[:, :2])), ROWS),
    "repeated": (lambda m, x: ag.repeat(x, 2, axis=1), ROWS),
    "rolled": (lambda m, x: ag.roll(x, (1, -2), axis=(1, 2)), IMAGES),
    "sorted": (lambda m, x: ag.sort(x, axis=1), ROWS),
    "the lower triangle": (lambda m, x: ag.tril(x, -1), IMAGES),
    "any and all": (lambda m, x: (ag.any(x > 0, axis=1), ag.all(x > -1, axis=1), (x > 0).sum(1)), ROWS),
    "rounded": (lambda m, x: (ag.round(x), x // 0.5, x % 0.5), ROWS),
    "whole numbers divided": (lambda m, ids: ((ids - 2) // 2, (ids - 2) % 2, ids * 0.5), IDS),
    "finite": (lambda m, x: (ag.isfinite(x / (x - x[:, :1])), ag.isinf(1 / (x - x[:, :1]))), ROWS),
    "norms": (lambda m, x: [ag.linalg.norm(x, order, axis=1) for order in (1, 2, 3, np.inf)], ROWS),
    "spread": (lambda m, x: (x.std(1), ag.var(x, axis=(0, 2), ddof=0)[..., None][:0]), IMAGES),
    "a mean over samples": (lambda m, x: x.sum(0) / len(x), ROWS),
    "borders": (lambda m, x: nn.functional.pad(x, (1, -2, 0, 3)), IMAGES),
    "borders of a number": (lambda m, x: nn.functional.pad(x, (1, 0), value=2.0), ROWS),
    "edges": (lambda m, x: nn.functional.pad(x, (0, 2, 1, 0), mode="replicate"), IMAGES),
    "no axes at all": (lambda m, x: (ag.sum(x, axis=()), ag.mean(x, axis=()), ag.linalg.norm(x, axis=1)), ROWS),
    "no elements": (lambda m, x: (x[:, :0], ag.broadcast_to(x[:, :1], (len(x), 0))), ROWS),
    "windows that would begin beyond the end": (lambda m, x: nn.functional.max_pool2d(x, 1, 3, ceil_mode=True), IMAGES),
    "windows that reach beyond the end": (lambda m, x: nn.functional.avg_pool2d(x, 3, 2, ceil_mode=True), IMAGES),
    "windows divided by a number": (lambda m, x: nn.functional.avg_pool2d(x, 3, 2, divisor_override=4), IMAGES),
    "a buffer": (lambda m, x: x * m.scale, ROWS),
    "a dict of several": (lambda m, x: {"a": x * 2, "b": (x + 1, [x.sum(1), None])}, ROWS),
}


@pytest.mark.parametrize("what", OPERATIONS)
def test_an_operation_is_written_and_read_back(what, tmp_path):
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed (extra: suite)")
    function, example = OPERATIONS[what]
    model = Does(function)
    path = nn.onnx.export(model, example, tmp_path / "model.onnx")
    session, again = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"]), nn.onnx.load(path)
    with np.errstate(all="ignore"):
        for batch in (example, np.concatenate([example, example[::-1]])):
            ours = [np.asarray(part) for part in flat(model(ag.asarray(batch)))]
            for other in (session.run(None, {"input": batch}), [np.asarray(part) for part in flat(again(batch))]):
                assert [(x.shape, x.dtype) for x in other] == [(x.shape, x.dtype) for x in ours]
                for x, y in zip(ours, other, strict=True):
                    np.testing.assert_allclose(y, x, **TOLERANCE)


def flat(outputs):
    if isinstance(outputs, dict):
        outputs = tuple(outputs.values())
    if isinstance(outputs, tuple | list):
        return [leaf for part in outputs for leaf in flat(part)]
    return [] if outputs is None else [outputs.detach().numpy() if isinstance(outputs, ag.Tensor) else outputs]


class Writes(nn.Module):
    def forward(self, x):
        with ag.no_grad():
            x *= 2
        return x + 1


@pytest.mark.parametrize("example", [ROWS, IDS])
def test_a_model_that_writes_into_its_input_is_refused(example, tmp_path):
    with pytest.raises(ag.OptionError, match="the model writes into its input"):
        nn.onnx.export(Writes(), example, tmp_path / "model.onnx")


def test_outputs_have_the_names_that_are_wanted_whatever_nodes_are_called(tmp_path):
    model = nn.Linear(4, 4, rng=0)
    for name in ("gemm_1", "gemm_2", "constant_1"):
        path = nn.onnx.export(model, ROWS, tmp_path / "model.onnx", output_names=[name])
        assert nn.onnx.load(path).output_names == [name]
        np.testing.assert_allclose(nn.onnx.load(path)(ROWS).data, model(ROWS).data, **TOLERANCE)


def test_a_table_that_is_shortened_when_asked_is_refused(tmp_path):
    with pytest.raises(ag.OptionError, match=r"the model \(Embedding\) with max_norm writes into its table"):
        nn.onnx.export(nn.Embedding(5, 3, max_norm=1.0, rng=0), IDS, tmp_path / "model.onnx")


class Calls(nn.Module):
    """Layers that are written as a whole, called by keyword, with numbers of another type."""

    def __init__(self):
        super().__init__()
        self.norm, self.state, self.scale = nn.LayerNorm(4), nn.GRU(4, 4, batch_first=True, rng=0), nn.BatchNorm1d(4)
        self.last = nn.Linear(4, 2, rng=0)

    def forward(self, x):
        return self.last(self.norm(x) + self.scale(x) + self.state(input=x[:, None])[0][:, 0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_whole_layers_take_keywords_and_any_type(dtype, tmp_path):
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed (extra: suite)")
    model, rows = Calls(), ROWS.astype(dtype)  # float32, and computes in float64 if that is what comes
    path = nn.onnx.export(model, rows, tmp_path / "model.onnx")
    assert "GRU" in [node.op_type for node in onnx.load(path).graph.node]
    np.testing.assert_allclose(nn.onnx.load(path)(rows).data, model.eval()(rows).data, **TOLERANCE)
    if dtype == np.float32:  # onnxruntime has no GRU of float64
        session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        np.testing.assert_allclose(session.run(None, {"input": rows})[0], model(rows).data, **TOLERANCE)


def test_a_buffer_keeps_its_name(tmp_path):
    again = nn.onnx.load(nn.onnx.export(Does(lambda m, x: x * m.scale), ROWS, tmp_path / "model.onnx"))
    np.testing.assert_array_equal(again.state_dict()["scale"], np.arange(1.0, 5.0))


def test_a_layer_that_a_user_derived_is_looked_into(tmp_path):
    class Shifted(nn.LayerNorm):
        def forward(self, x):
            return super().forward(x) + 1

    path = nn.onnx.export(nn.Sequential(Shifted(4)), ROWS, tmp_path / "model.onnx")
    np.testing.assert_allclose(nn.onnx.load(path)(ROWS).data, Shifted(4)(ROWS).data, **TOLERANCE)


# --- what cannot be written is refused, with the place ---


class Decides(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(2, 2), nn.Linear(2, 2)

    def forward(self, x):
        return self.a(x) if float(x.detach().sum()) > 0 else ag.tanh(self.b(x))


class Masks(nn.Module):
    def forward(self, x):
        best = ag.argmax(x, axis=1)
        return ag.where((x > 0) & (x != 2.0), x, x * 0.5).clip(-1.0, 4.0) + ag.expand_dims(best, 1)


class MasksByNumpy(nn.Module):
    def forward(self, x):
        return x * (x.detach().numpy() > 0)


class Unwritten(nn.Module):
    def forward(self, x):
        return ag.hypot(x, 2.0)


class Scales(nn.Module):
    def forward(self, x):
        return x * float(x.max())  # the same for all that only changes places


class Halves(nn.Module):
    def forward(self, x):
        return x[: len(x) // 2]


class Picks(nn.Module):
    def forward(self, x):
        return x[x > 0]


def test_a_model_that_decides_by_values_is_refused(tmp_path):
    x = np.array([[-5.0, -5.0], [3.0, 3.0]], np.float32)
    with pytest.raises(ag.OptionError, match="computes other operations for another batch"):
        nn.onnx.export(Decides(), x, tmp_path / "model.onnx")
    with pytest.raises(ag.OptionError, match=r"an argument of multiply \(.*test_onnx.py:\d+\) depends on the input"):
        nn.onnx.export(MasksByNumpy(), np.arange(-3.0, 3.0).reshape(3, 2).astype(np.float32), tmp_path / "model.onnx")
    with pytest.raises(ag.OptionError, match=r"an argument of multiply .* depends on the input"):
        nn.onnx.export(Scales(), x, tmp_path / "model.onnx")
    with pytest.raises(ag.OptionError, match=r"an argument of getitem .* depends on the input"):
        nn.onnx.export(Halves(), x, tmp_path / "model.onnx")
    with pytest.raises(ag.OptionError, match="export: the output of the model depends on the input in a way"):
        nn.onnx.export(Does(lambda m, x: x.detach().numpy() * 2), x, tmp_path / "model.onnx")
    with pytest.raises(ag.OptionError, match="ends at a place that follows the number of samples"):
        nn.onnx.export(Does(lambda m, x: x.reshape(-1)[: len(x)]), x, tmp_path / "model.onnx")
    with pytest.raises(ag.OptionError, match=r"a mask that is computed|an argument of getitem .* depends on the input"):
        nn.onnx.export(Picks(), x, tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()


def test_what_has_no_derivative_is_part_of_the_program(tmp_path):
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed (extra: suite)")
    x = np.array([[-3.0, 1.0, 2.0], [5.0, -1.0, 0.5]], np.float32)
    path = nn.onnx.export(Masks(), x, tmp_path / "model.onnx")
    more = np.concatenate([-x, x])
    (found,) = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, {"input": more})
    np.testing.assert_array_equal(found, Masks()(more))
    np.testing.assert_array_equal(nn.onnx.load(path)(more), Masks()(more))


def test_an_operation_without_counterpart_is_named(tmp_path):
    model = nn.Sequential({"inner": Unwritten()})
    with pytest.raises(ag.OptionError, match=r"in inner \(.*test_onnx.py:\d+\) has no counterpart in ONNX"):
        nn.onnx.export(model, np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32), tmp_path / "m.onnx")


def test_bad_arguments_are_refused(tmp_path):
    model, inputs = trained("mlp")
    with pytest.raises(ag.OptionError, match="input_names must be 1 different names"):
        nn.onnx.export(model, inputs, tmp_path / "model.onnx", input_names=["a", "b"])
    for clash in ({"input_names": ["1.weight"]}, {"input_names": ["output"]}, {"output_names": ["input"]}):
        with pytest.raises(ag.OptionError, match=r"need different names; '.*' is there twice"):
            nn.onnx.export(model, inputs, tmp_path / "model.onnx", **clash)
    with pytest.raises(ag.OptionError, match="give the inputs of an example"):
        nn.onnx.export(model, (), tmp_path / "model.onnx")
    with pytest.raises(ag.OptionError, match=r"need the same number of samples, the first axis; got \[3, 4\]"):
        nn.onnx.export(nn.MSELoss(), (ROWS, ROWS.T), tmp_path / "model.onnx")
    with pytest.raises(ag.OptionError, match="an input must be an array, got None"):
        nn.onnx.export(nn.LSTMCell(4, 3), (ROWS, None), tmp_path / "model.onnx")
    with pytest.raises(ag.OptionError, match="an axis of samples"):
        nn.onnx.export(nn.Identity(), np.float32(1), tmp_path / "model.onnx")


def test_inputs_of_a_read_model_go_by_order_or_name(tmp_path):
    model, inputs = trained("mlp")
    again = nn.onnx.load(nn.onnx.export(model, inputs, tmp_path / "model.onnx", input_names=["image"]))
    np.testing.assert_array_equal(again(image=inputs[0]).data, again(*inputs).data)
    with pytest.raises(ag.OptionError, match="the inputs are image; got 2 in order"):
        again(*inputs, *inputs)
    assert repr(again) == "OnnxModel(image=('batch', 1, 8, 8), nodes=6)"
