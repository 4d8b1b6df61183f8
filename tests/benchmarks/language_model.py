"""Writes a large language model as ONNX: all of its operators and shapes, and not one weight.

    python -m tests.benchmarks.language_model llama-8b.onnx

It is a decoder after the published sizes of Llama 3 8B (Grattafiori and others, The Llama 3 herd of
models, 2024, https://arxiv.org/abs/2407.21783, table 3), 8.03 billion parameters, in 140 kB.
Parameters are external data in a file that does not exist: nothing that draws a scan reads it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import onnx
from onnx import TensorProto, helper

_OPSET, _IR = 24, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Sizes of a decoder: the defaults are those of Llama 3 8B, reading 2,048 tokens."""

    layers: int = 32
    width: int = 4096
    heads: int = 32
    shared_heads: int = 8
    inner: int = 14_336
    words: int = 128_256
    tokens: int = 2048

    @property
    def head(self) -> int:
        """Width of a head."""
        return self.width // self.heads


@dataclass(slots=True)
class _Graph:
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    parameters: dict[str, TensorProto] = field(default_factory=dict)

    def node(self, kind: str, inputs: Sequence[str], scope: str, **attributes: object) -> str:
        name = f"{scope}/{kind}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def parameter(self, name: str, *shape: int) -> str:
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT16, dims=shape)
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="weights-that-are-never-read")
        self.parameters[name] = tensor
        return name

    def shape(self, name: str, *sizes: int) -> str:
        self.parameters[name] = helper.make_tensor(name, TensorProto.INT64, [len(sizes)], sizes)
        return name

    def linear(self, x: str, scope: str, inputs: int, outputs: int) -> str:
        return self.node("MatMul", [x, self.parameter(f"{scope}.weight", inputs, outputs)], scope)

    def norm(self, x: str, scope: str, width: int) -> str:
        weight = self.parameter(f"{scope}.weight", width)
        return self.node("RMSNormalization", [x, weight], scope)


def _attention(graph: _Graph, x: str, at: str, sizes: Sizes) -> str:
    split = {}
    for name, heads in (("q", sizes.heads), ("k", sizes.shared_heads), ("v", sizes.shared_heads)):
        scope = f"{at}/{name}"
        made = graph.linear(x, scope, sizes.width, heads * sizes.head)
        shape = graph.shape(f"{heads} heads", 1, sizes.tokens, heads, sizes.head)
        made = graph.node("Reshape", [made, shape], scope)
        made = graph.node("Transpose", [made], scope, perm=[0, 2, 1, 3])
        if name != "v":
            half = (1, sizes.tokens, sizes.head // 2)
            turns = [graph.parameter(angle, *half) for angle in ("cos", "sin")]
            made = graph.node("RotaryEmbedding", [made, *turns], scope)
        split[name] = made
    made = graph.node("Attention", list(split.values()), at, is_causal=1)
    made = graph.node("Transpose", [made], f"{at}/o", perm=[0, 2, 1, 3])
    joined = graph.shape("joined", 1, sizes.tokens, sizes.width)
    made = graph.node("Reshape", [made, joined], f"{at}/o")
    return graph.linear(made, f"{at}/o", sizes.width, sizes.width)


def _perceptron(graph: _Graph, x: str, at: str, sizes: Sizes) -> str:
    gate = graph.linear(x, f"{at}/gate", sizes.width, sizes.inner)
    up = graph.linear(x, f"{at}/up", sizes.width, sizes.inner)
    share = graph.node("Sigmoid", [gate], f"{at}/silu")
    gate = graph.node("Mul", [gate, share], f"{at}/silu")
    return graph.linear(graph.node("Mul", [gate, up], at), f"{at}/down", sizes.inner, sizes.width)


def decoder(sizes: Sizes) -> onnx.ModelProto:
    """A decoder of these sizes, from tokens to the scores of all words."""
    graph = _Graph()
    table = graph.parameter("embedding.weight", sizes.words, sizes.width)
    x = graph.node("Gather", [table, "tokens"], "embedding")
    for number in range(sizes.layers):
        at = f"layers.{number}"
        seen = _attention(graph, graph.norm(x, f"{at}/norm", sizes.width), f"{at}/attention", sizes)
        x = graph.node("Add", [x, seen], f"{at}/attended")
        thought = _perceptron(
            graph, graph.norm(x, f"{at}/second_norm", sizes.width), f"{at}/mlp", sizes
        )
        x = graph.node("Add", [x, thought], at)
    scores = graph.linear(graph.norm(x, "norm", sizes.width), "head", sizes.width, sizes.words)
    made = helper.make_graph(
        graph.nodes,
        "decoder",
        [helper.make_tensor_value_info("tokens", TensorProto.INT64, [1, sizes.tokens])],
        [
            helper.make_tensor_value_info(
                scores, TensorProto.FLOAT16, [1, sizes.tokens, sizes.words]
            )
        ],
        list(graph.parameters.values()),
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)


def write(path: Path, sizes: Sizes | None = None) -> Path:
    """Write a decoder, by default of the sizes of Llama 3 8B; returns the path."""
    onnx.save_model(decoder(sizes or Sizes()), path)
    return path


if __name__ == "__main__":
    write(Path(sys.argv[1]))
