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


class Sorts(nn.Module):
    def forward(self, x):
        return ag.sort(x, axis=1)


def test_a_model_that_decides_by_values_is_refused(tmp_path):
    x = np.array([[-5.0, -5.0], [3.0, 3.0]], np.float32)
    with pytest.raises(ag.OptionError, match="computes other operations for another batch"):
        nn.onnx.export(Decides(), x, tmp_path / "model.onnx")
    with pytest.raises(ag.OptionError, match=r"an argument of multiply \(.*test_onnx.py:\d+\) depends on the input"):
        nn.onnx.export(MasksByNumpy(), np.arange(-3.0, 3.0).reshape(3, 2).astype(np.float32), tmp_path / "model.onnx")
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
    model = nn.Sequential({"inner": Sorts()})
    with pytest.raises(ag.OptionError, match=r"in inner \(.*test_onnx.py:\d+\) has no counterpart in ONNX"):
        nn.onnx.export(model, np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32), tmp_path / "m.onnx")


def test_bad_arguments_are_refused(tmp_path):
    model, inputs = trained("mlp")
    with pytest.raises(ag.OptionError, match="input_names must be 1 different names"):
        nn.onnx.export(model, inputs, tmp_path / "model.onnx", input_names=["a", "b"])
    with pytest.raises(ag.OptionError, match="give the inputs of an example"):
        nn.onnx.export(model, (), tmp_path / "model.onnx")
    with pytest.raises(ag.OptionError, match="an axis of samples"):
        nn.onnx.export(nn.Identity(), np.float32(1), tmp_path / "model.onnx")


def test_files_that_are_none_are_refused(tmp_path):
    path = nn.onnx.export(*trained("mlp"), tmp_path / "model.onnx")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ag.DataError, match="not a whole ONNX file"):
        nn.onnx.load(path)
    with pytest.raises(FileNotFoundError):
        nn.onnx.load(tmp_path / "none.onnx")


def test_an_operator_that_is_not_read_is_named(tmp_path):
    node = onnx.helper.make_node("NonZero", ["x"], ["y"], name="where")
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph([node], "g", [value("x", 1, [2])], [value("y", 7, [1, None])])
    onnx.save(
        onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8),
        tmp_path / "m.onnx",
    )
    with pytest.raises(ag.OptionError, match=r"NonZero 'where' of m.onnx is an operator that is not read here"):
        nn.onnx.load(tmp_path / "m.onnx")


def test_inputs_of_a_read_model_go_by_order_or_name(tmp_path):
    model, inputs = trained("mlp")
    again = nn.onnx.load(nn.onnx.export(model, inputs, tmp_path / "model.onnx", input_names=["image"]))
    np.testing.assert_array_equal(again(image=inputs[0]).data, again(*inputs).data)
    with pytest.raises(ag.OptionError, match="the inputs are image; got 2 in order"):
        again(*inputs, *inputs)
    assert repr(again) == "OnnxModel(image=('batch', 1, 8, 8), nodes=6)"
