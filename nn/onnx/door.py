"""What is used of onnx: the one door to that package, imported only by what is imported only when it is needed."""

try:
    from onnx import AttributeProto, ModelProto, NodeProto, TensorProto, checker, load_model_from_string
    from onnx.helper import (
        get_attribute_value,
        make_graph,
        make_model,
        make_node,
        make_opsetid,
        make_tensor_value_info,
        np_dtype_to_tensor_dtype,
        tensor_dtype_to_np_dtype,
    )
    from onnx.numpy_helper import from_array, to_array
except ImportError as error:
    raise ImportError("nn.onnx: onnx is not installed; pip install 'autograd-core[onnx]'") from error

__all__ = [
    "AttributeProto",
    "ModelProto",
    "NodeProto",
    "TensorProto",
    "checker",
    "from_array",
    "get_attribute_value",
    "load_model_from_string",
    "make_graph",
    "make_model",
    "make_node",
    "make_opsetid",
    "make_tensor_value_info",
    "np_dtype_to_tensor_dtype",
    "tensor_dtype_to_np_dtype",
    "to_array",
]
