"""Models with changes that nobody would make, in their bytes or in their structure."""

from __future__ import annotations

import random
from collections.abc import Iterator

import onnx

TEXTS = (
    """net (float[N,3,8,8] x, int64[2] s) => (float[N,M] y) {
        w = Constant<value = float[4,3,3,3] {0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,
            0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,
            0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}>()
        [conv] c = Conv<pads=[1,1,1,1]>(x, w)
        [act] r = Relu(c)
        p = MaxPool<kernel_shape=[2,2], strides=[2,2]>(r)
        h = Shape(p)
        z = Constant<value_ints=[0]>()
        n = Gather(h, z)
        m = Constant<value_ints=[-1]>()
        t = Concat<axis=0>(n, m)
        y = Reshape(p, t)
    }""",
    """<ir_version: 9, opset_import: ["": 18, "me": 1]>
    net (float[2,4] x, bool c, int64 k) => (float[2,4] y, z) {
        i = If (c) <then_branch = t () => (float[2,4] p) { p = me.f<a = 2.0>(x) },
                    else_branch = e () => (float[2,4] q) { q = Neg(x) }>
        y, z = Loop (k, c, i) <body = b (int64 j, bool d, float[2,4] v)
            => (bool g, float[2,4] u, float[2,4] o) { g = Identity(d) u = Add(v, x) o = Mul(u, v) }>
    }
    <domain: "me", opset_import: ["": 18]> f <a> (r) => (s)
    { k = Constant<value_float: float = @a>() s = Mul(r, k) }""",
)


def mutate(content: bytearray, generator: random.Random) -> bytes:
    for _ in range(generator.randrange(1, 6)):
        at = generator.randrange(len(content))
        way = generator.randrange(5)
        if way == 0:
            content[at] = generator.randrange(256)
        elif way == 1:
            content[at] ^= 1 << generator.randrange(8)
        elif way == 2:
            del content[at : at + generator.randrange(1, 20)]
        elif way == 3:
            content[at:at] = generator.randbytes(generator.randrange(1, 8))
        else:
            other = generator.randrange(len(content))
            content[at:at] = content[other : other + generator.randrange(1, 40)]
        if not content:
            return b""
    return bytes(content)


def scramble(model: onnx.ModelProto, generator: random.Random) -> None:
    """Change the structure: wires, types, shapes, attributes, versions."""
    nodes = list(model.graph.node)
    names = [name for node in nodes for name in (*node.input, *node.output)] + ["", "nowhere"]
    for _ in range(generator.randrange(1, 5)):
        node = generator.choice(nodes)
        way = generator.randrange(8)
        if way == 0 and node.input:
            node.input[generator.randrange(len(node.input))] = generator.choice(names)
        elif way == 1 and node.output:
            node.output[generator.randrange(len(node.output))] = generator.choice(names)
        elif way == 2:
            node.op_type = generator.choice(["If", "Loop", "Scan", "Concat", "Gather", "LSTM", "?"])
        elif way == 3 and node.attribute:
            attribute = generator.choice(node.attribute)
            attribute.i = generator.choice([-(2**63), -1, 0, 2**63 - 1])
            attribute.ints.extend([generator.choice([-7, 0, 2**40])])
            attribute.type = generator.choice([1, 2, 3, 4, 5, 7])
        elif way == 4:
            model.opset_import[0].version = generator.choice([-1, 0, 1, 6, 13, 99])
        elif way == 5:
            del node.input[:]
        elif way == 6:
            dim = model.graph.input[0].type.tensor_type.shape.dim[0]
            dim.dim_value = generator.choice([-5, 0, 2**40, 2**62])
        else:
            model.graph.node.add().CopyFrom(node)


def mutants(original: onnx.ModelProto, ways: str, count: int, seed: str) -> Iterator[bytes]:
    """Changed models as files.

    Args:
        original: What is changed.
        ways: "bytes" or "structure".
        count: How many.
        seed: Of the changes.
    """
    generator = random.Random(seed)
    whole = original.SerializeToString()
    for _ in range(count):
        if ways == "bytes":
            yield mutate(bytearray(whole), generator)
            continue
        model = onnx.ModelProto()
        model.CopyFrom(original)
        scramble(model, generator)
        yield model.SerializeToString()
