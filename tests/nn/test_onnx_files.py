"""ONNX files that others wrote: read as onnxruntime reads them, or refused in words; damaged and hostile ones too."""

import numpy as np
import pytest

import autograd_core as ag
import nn

onnx = pytest.importorskip("onnx", reason="onnx is not installed (extra: onnx)")

TOLERANCE = {"rtol": 1e-5, "atol": 2e-6}  # float32: another order of the sums
ROWS = np.random.default_rng(1).normal(size=(3, 4)).astype(np.float32)
IMAGES = np.random.default_rng(2).normal(size=(2, 4, 6, 6)).astype(np.float32)


# --- operators, one by one ---


def drawn(*shape):
    return np.random.default_rng(5).normal(size=shape).astype(np.float32)


def numbers(*values):
    return np.array(values, np.int64)


READ = {  # operators that others write: attributes, and inputs
    "TopK": [({"axis": 1}, IMAGES, numbers(2)), ({"largest": 0}, IMAGES, numbers(3))],
    "Div": [({}, numbers(-7, 7, -8, 8), numbers(2, -2, 3, -3)), ({}, ROWS, ROWS)],
    "Mod": [({}, numbers(-7, 7, -8, 8), numbers(2, -2, 3, -3)), ({"fmod": 1}, ROWS, abs(ROWS))],
    "DepthToSpace": [({"blocksize": 2, "mode": mode}, drawn(2, 8, 2, 3)) for mode in ("DCR", "CRD")],
    "SpaceToDepth": [({"blocksize": 2}, IMAGES)],
    "LRN": [({"size": 3, "alpha": 0.5, "beta": 0.6, "bias": 1.5}, IMAGES)],
    "Trilu": [({}, IMAGES), ({"upper": 0}, IMAGES, np.array(1))],
    "Celu": [({"alpha": 2.0}, ROWS)],
    "Selu": [({}, ROWS), ({"alpha": 1.5, "gamma": 2.0}, ROWS)],
    "ThresholdedRelu": [({"alpha": 0.3}, ROWS)],
    "Sum": [({}, ROWS, ROWS[:1], ROWS)],
    "Max": [({}, ROWS, ROWS[:1], ROWS[:, :1])],
    "ReduceLogSum": [({"axes": [1]}, abs(ROWS))],
    "ReduceSumSquare": [({"axes": [0], "keepdims": 0}, ROWS)],
    "Gemm": [({"alpha": 0.5, "beta": 2.0, "transA": 1}, ROWS, drawn(3, 2), drawn(4, 2))],
    "Resize": [
        ({"mode": mode, "coordinate_transformation_mode": how, **more}, IMAGES, *size)
        for mode, how, more in [
            ("nearest", "asymmetric", {"nearest_mode": "floor"}),
            ("linear", "half_pixel", {}),
            ("linear", "align_corners", {}),
            ("cubic", "pytorch_half_pixel", {}),
        ]
        for size in [(None, np.array([1, 1, 2, 1.5], np.float32)), (None, None, numbers(2, 4, 9, 7))]
    ],
    "Range": [({}, np.array(2), np.array(9), np.array(3))],
    "Slice": [({}, IMAGES, numbers(-1, 1), numbers(-9, 99), numbers(3, 0), numbers(-2, 1))],
    "Split": [({"axis": 1}, IMAGES)],
    "Pad": [({"mode": "reflect"}, IMAGES, numbers(0, 0, 1, 2, 0, 0, 3, 0)), ({}, ROWS, numbers(0, 1, 2, 0))],
    "AveragePool": [({"kernel_shape": [3, 2], "pads": [1, 0, 1, 0], "count_include_pad": n}, IMAGES) for n in (0, 1)],
    "MaxPool": [
        ({"kernel_shape": [3, 2], "auto_pad": way, "strides": [2, 2]}, IMAGES) for way in ("SAME_UPPER", "VALID")
    ],
    "Conv": [({"auto_pad": "SAME_LOWER", "group": 2}, IMAGES, drawn(2, 2, 2, 4))],
    "ConvTranspose": [({"strides": [2, 1], "output_padding": [1, 0]}, IMAGES, drawn(4, 3, 3, 2), drawn(3))],
    "LSTM": [
        ({"hidden_size": 3, "direction": way}, drawn(5, 2, 4), drawn(n, 12, 4), drawn(n, 12, 3), drawn(n, 24))
        for way, n in (("forward", 1), ("reverse", 1), ("bidirectional", 2))
    ],
    "RNN": [({"hidden_size": 3, "activations": ["Relu"]}, drawn(5, 2, 4), drawn(1, 3, 4), drawn(1, 3, 3))],
    "Einsum": [({"equation": "bchw,bdhw->bcd"}, IMAGES, IMAGES)],
    "InstanceNormalization": [({"epsilon": 0.1}, IMAGES, drawn(4), drawn(4))],
    "Gather": [({"axis": 1}, IMAGES, np.array([[0, -1]]))],
    "ArgMax": [({"axis": 1, "keepdims": 0}, IMAGES)],
    "Shape": [({"start": 1, "end": 3}, IMAGES)],
    "Softmax": [({}, IMAGES), ({"axis": 1}, IMAGES)],
    "HardSigmoid": [({"alpha": 0.3}, 9 * ROWS)],
    "Clip": [({}, ROWS, np.float32(-0.5)), ({}, ROWS, None, np.float32(0.2))],
}
OUTPUTS = {"TopK": 2, "Split": 2, "LSTM": 3, "RNN": 2}


@pytest.mark.parametrize(("kind", "case"), [(kind, i) for kind in READ for i in range(len(READ[kind]))])
def test_an_operator_is_read_as_onnxruntime_computes_it(kind, case, tmp_path):
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed (extra: suite)")
    attributes, *given = READ[kind][case]
    values = {f"x{i}": np.asarray(x) for i, x in enumerate(given) if x is not None}
    outputs = [f"y{i}" for i in range(OUTPUTS.get(kind, 1))]
    inputs = [f"x{i}" if x is not None else "" for i, x in enumerate(given)]
    node = onnx.helper.make_node(kind, inputs, outputs, **attributes)
    type_of, value = onnx.helper.np_dtype_to_tensor_dtype, onnx.helper.make_tensor_value_info
    ends = [value(name, type_of(x.dtype), x.shape) for name, x in values.items()]
    graph = onnx.helper.make_graph([node], "g", ends, [onnx.helper.make_empty_tensor_value_info(y) for y in outputs])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    model = onnx.shape_inference.infer_shapes(model)
    onnx.save(model, tmp_path / "m.onnx")
    theirs = runtime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, values)
    ours = nn.onnx.load(tmp_path / "m.onnx")(**values)
    for x, y in zip(ours if isinstance(ours, tuple) else (ours,), theirs, strict=True):
        x = np.asarray(x.detach() if isinstance(x, ag.Tensor) else x)
        assert (x.shape, x.dtype) == (y.shape, y.dtype)
        np.testing.assert_allclose(x, y, **TOLERANCE)


# --- damaged, hostile, and out of date ---


def written(nodes, arrays=(), opset=17, domains=()):
    """The bytes of a file with these nodes, from x (batch, 2) to y."""
    value, version = onnx.helper.make_tensor_value_info, onnx.helper.make_opsetid
    ends = [value("x", 1, ["batch", 2])], [value("y", 1, [None, None])]
    graph = onnx.helper.make_graph([onnx.helper.make_node(*node) for node in nodes], "g", *ends, list(arrays))
    versions = [version("", opset), *(version(domain, 1) for domain in domains)]
    return onnx.helper.make_model(graph, opset_imports=versions, ir_version=8).SerializeToString()


def loaded(content, folder):
    (folder / "m.onnx").write_bytes(content)
    return nn.onnx.load(folder / "m.onnx")


def test_no_part_of_a_file_is_taken_for_the_whole(tmp_path):
    whole = nn.onnx.export(nn.Linear(2, 2, rng=0), np.zeros((1, 2), np.float32), tmp_path / "model.onnx").read_bytes()
    for length in range(len(whole)):
        with pytest.raises(ag.DataError, match=r"not a whole ONNX file|is damaged"):
            loaded(whole[:length], tmp_path)
    with pytest.raises(FileNotFoundError):
        nn.onnx.load(tmp_path / "none.onnx")


def test_random_changes_load_or_are_refused_in_words(tmp_path):
    rng = np.random.default_rng(0)
    whole = nn.onnx.export(nn.Linear(2, 2, rng=0), np.zeros((1, 2), np.float32), tmp_path / "model.onnx").read_bytes()
    refused = 0
    for _ in range(300):
        content = bytearray(whole)
        content[rng.integers(len(content))] = rng.integers(256)
        try:
            loaded(bytes(content), tmp_path)
        except (ag.DataError, ag.OptionError):
            refused += 1
    assert refused > 150  # ONNX has no checksum: a changed number is a number


@pytest.mark.parametrize("place", ["../../etc/passwd", "/etc/passwd", "m.onnx"])
def test_arrays_in_other_files_are_not_looked_for(place, tmp_path):
    array = onnx.numpy_helper.from_array(np.ones((2, 2), np.float32), "w")
    array.ClearField("raw_data")
    array.data_location = onnx.TensorProto.EXTERNAL
    array.external_data.add(key="location", value=place)
    with pytest.raises(ag.OptionError, match=r"m.onnx keeps 'w' in another file, which is not looked for"):
        loaded(written([("MatMul", ["x", "w"], ["y"])], [array]), tmp_path)


@pytest.mark.parametrize(("shape", "content"), [([2**31, 2**31], b""), ([2, 2], b"123"), ([-2, 2], b"")])
def test_arrays_that_do_not_fill_their_shape_are_refused(shape, content, tmp_path):
    array = onnx.TensorProto(name="w", data_type=1, dims=shape, raw_data=content)
    with pytest.raises(ag.DataError, match=r"'w' is damaged|not a whole ONNX file"):
        loaded(written([("MatMul", ["x", "w"], ["y"])], [array]), tmp_path)


def test_all_operators_that_are_not_read_are_named_at_once(tmp_path):
    nodes = [("NonZero", ["x"], ["a"], "where"), ("Unique", ["x"], ["b"]), ("Relu", ["x"], ["y"])]
    with pytest.raises(ag.OptionError, match=r"m.onnx has operators that are not read here: NonZero 'where', Unique;"):
        loaded(written(nodes), tmp_path)
    foreign = written([("Relu", ["x"], ["y"], None, None, "com.microsoft")], domains=["com.microsoft"])
    with pytest.raises(ag.OptionError, match=r"not read here: com.microsoft.Relu;"):
        loaded(foreign, tmp_path)


def test_what_is_out_of_order_or_out_of_date_is_refused(tmp_path):
    circle = [("Add", ["x", "b"], ["a"]), ("Add", ["a", "x"], ["b"]), ("Identity", ["b"], ["y"])]
    with pytest.raises(ag.DataError, match=r"topologically sorted"):
        loaded(written(circle), tmp_path)
    with pytest.raises(ag.OptionError, match=r"written in version 9 of the operators; those since 13 are read"):
        loaded(written([("Softmax", ["x"], ["y"])], opset=9), tmp_path)
    array = onnx.numpy_helper.from_array(np.ones((2, 2), np.float32), "forward")
    with pytest.raises(ag.OptionError, match="an array called 'forward', which a Module has other use for"):
        loaded(written([("MatMul", ["x", "forward"], ["y"])], [array]), tmp_path)
