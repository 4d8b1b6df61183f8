"""A model of a few operators, for those who need any."""

from __future__ import annotations

from onnx import TensorProto, helper


def small_network() -> bytes:
    """Two layers with weights, as ONNX."""
    side, kind = 24, TensorProto.FLOAT
    weights = [
        helper.make_tensor(f"w{i}", kind, [side, side], bytes(4 * side * side), raw=True)
        for i in range(2)
    ]
    nodes = [
        node
        for i in range(2)
        for node in (
            helper.make_node("MatMul", [f"x{i}", f"w{i}"], [f"y{i}"], f"/{i}/MatMul"),
            helper.make_node("Relu", [f"y{i}"], [f"x{i + 1}"], f"/{i}/Relu"),
        )
    ]
    ends = [helper.make_tensor_value_info(name, kind, [4, side]) for name in ("x0", "x2")]
    graph = helper.make_graph(nodes, "network", ends[:1], ends[1:], weights)
    opset = helper.make_opsetid("", 17)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=9)
    return bytes(model.SerializeToString())
