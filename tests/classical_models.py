"""Small models of ai.onnx.ml for tests, and ONNX Runtime to run them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

Array = npt.NDArray[Any]

_KINDS = {"f": TensorProto.FLOAT, "d": TensorProto.DOUBLE, "l": TensorProto.INT64}


def model_of(
    kind: str, inputs: Sequence[Array], outputs: int = 1, version: int = 3, **attributes: Any
) -> onnx.ModelProto:
    """A model of one operator: inputs x0, x1, ..., outputs y0, y1, ..."""
    names = [f"x{number}" for number in range(len(inputs))]
    made = [f"y{number}" for number in range(outputs)]
    node = helper.make_node(kind, names, made, domain="ai.onnx.ml", **attributes)
    fed = [
        helper.make_tensor_value_info(
            name, _KINDS.get(array.dtype.char, TensorProto.STRING), array.shape
        )
        for name, array in zip(names, inputs, strict=True)
    ]
    graph = helper.make_graph([node], "g", fed, [onnx.ValueInfoProto(name=name) for name in made])
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", version)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def session_of(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    """ONNX Runtime with a model."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    content = model.SerializeToString()
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def run(model: onnx.ModelProto, inputs: Sequence[Array]) -> list[Any]:
    """The outputs, as ONNX Runtime computes them."""
    feeds = {f"x{number}": array for number, array in enumerate(inputs)}
    return list(session_of(model).run(None, feeds))


def grown(rng: np.random.Generator, depth: int, features: Sequence[int]) -> list[dict[str, Any]]:
    """The nodes of a random tree in the order of a walk: each inner node has two children."""
    nodes: list[dict[str, Any]] = []

    def grow(left: int) -> int:
        place = len(nodes)
        nodes.append({})
        if left and (left == depth or rng.random() < 0.8):
            nodes[place] = {
                "feature": int(rng.choice(features)),
                "value": float(rng.normal()),
                "true": grow(left - 1),
                "false": grow(left - 1),
            }
        return place

    grow(depth)
    return nodes


def ensemble(
    trees: Sequence[list[dict[str, Any]]], targets: Sequence[Sequence[int]], kind: str = "target"
) -> dict[str, Any]:
    """Attributes of a TreeEnsembleRegressor ("target") or TreeEnsembleClassifier ("class").

    Args:
        trees: The nodes of each tree, as `grown` makes them.
        targets: The results that the leaves of each tree add to.
        kind: Beginning of the names of the attributes of leaves.
    """
    rows = [
        (tree, number, node)
        for tree, nodes in enumerate(trees)
        for number, node in enumerate(nodes)
    ]
    leaves = [(tree, number, to) for tree, number, node in rows if not node for to in targets[tree]]
    return {
        "nodes_treeids": [tree for tree, _, _ in rows],
        "nodes_nodeids": [number for _, number, _ in rows],
        "nodes_featureids": [node.get("feature", 0) for _, _, node in rows],
        "nodes_values": [node.get("value", 0.0) for _, _, node in rows],
        "nodes_modes": ["BRANCH_LEQ" if node else "LEAF" for _, _, node in rows],
        "nodes_truenodeids": [node.get("true", 0) for _, _, node in rows],
        "nodes_falsenodeids": [node.get("false", 0) for _, _, node in rows],
        f"{kind}_treeids": [tree for tree, _, _ in leaves],
        f"{kind}_nodeids": [number for _, number, _ in leaves],
        f"{kind}_ids": [to for _, _, to in leaves],
        f"{kind}_weights": [0.05 + 0.0037 * number for number in range(len(leaves))],
    }


def listed_ensemble(
    trees: Sequence[list[dict[str, Any]]], targets: Sequence[int], dtype: type = np.float32
) -> dict[str, Any]:
    """Attributes of a TreeEnsemble of version 5: the leaves of each tree add to one result."""
    inner: list[dict[str, Any]] = []
    roots, leaves = [], 0
    to: list[int] = []
    for nodes, target in zip(trees, targets, strict=True):
        places = {}
        for number, node in enumerate(nodes):
            if node:
                places[number] = len(inner)
                inner.append(dict(node, tree=len(roots)))
            else:
                places[number] = leaves
                to.append(target)
                leaves += 1
        roots.append(places[0])
        for node in inner:
            if node["tree"] == len(roots) - 1:
                for side in ("true", "false"):
                    node[f"{side}leaf"] = int(not nodes[node[side]])
                    node[side] = places[node[side]]
    return {
        "aggregate_function": 1,
        "tree_roots": roots,
        "nodes_featureids": [node["feature"] for node in inner],
        "nodes_modes": numpy_helper.from_array(np.zeros(len(inner), np.uint8)),
        "nodes_splits": numpy_helper.from_array(np.array([n["value"] for n in inner], dtype)),
        "nodes_truenodeids": [node["true"] for node in inner],
        "nodes_falsenodeids": [node["false"] for node in inner],
        "nodes_trueleafs": [node["trueleaf"] for node in inner],
        "nodes_falseleafs": [node["falseleaf"] for node in inner],
        "leaf_targetids": to,
        "leaf_weights": numpy_helper.from_array(np.arange(1, leaves + 1).astype(dtype)),
    }
