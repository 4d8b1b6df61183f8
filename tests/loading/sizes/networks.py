"""Small networks with open dimensions, built as exporters build the large ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Array = npt.NDArray[Any]
FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL


class Net:
    """A graph that is being built: each method adds operators and returns the last one's output."""

    def __init__(self, opset: int = 17) -> None:
        self.opset = opset
        self.nodes: list[onnx.NodeProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.random = np.random.default_rng(3)

    def input(self, name: str, shape: Sequence[int | str | None], kind: int = FLOAT) -> str:
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def array(self, value: Any) -> str:
        name = f"c{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def weight(self, *shape: int) -> str:
        return self.array((self.random.normal(size=shape) * 0.1).astype(np.float32))

    def ints(self, *values: int) -> str:
        return self.array(np.array(values, np.int64))

    def op(self, kind: str, *inputs: str, outputs: int = 1, **attributes: Any) -> str:
        made = [f"t{len(self.nodes)}_{slot}" for slot in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, made, **attributes))
        return made[0]

    def conv(
        self,
        x: str,
        deep: int,
        wide: int,
        size: int = 3,
        stride: int = 1,
        *,
        axes: int = 2,
        pad: int = -1,
    ) -> str:
        pad = size // 2 if pad < 0 else pad
        w = self.weight(wide, deep, *[size] * axes)
        made = self.op("Conv", x, w, strides=[stride] * axes, pads=[pad] * 2 * axes)
        return self.op("Relu", made)

    def linear(self, x: str, deep: int, wide: int) -> str:
        return self.op("MatMul", x, self.weight(deep, wide))

    def size(self, x: str, axis: int) -> str:
        """One size of a tensor, as a list."""
        return self.op("Gather", self.op("Shape", x), self.ints(axis))

    def attention(self, q: str, k: str, v: str, mask: str = "") -> str:
        """Of (batch, heads, tokens, size)."""
        score = self.op("MatMul", q, self.op("Transpose", k, perm=[0, 1, 3, 2]))
        score = self.op("Add", score, mask) if mask else score
        return self.op("MatMul", self.op("Softmax", score, axis=-1), v)

    def heads(self, x: str, count: int, size: int) -> str:
        split = self.op("Reshape", x, self.ints(0, 0, count, size))
        return self.op("Transpose", split, perm=[0, 2, 1, 3])

    def model(self, *outputs: str) -> onnx.ModelProto:
        made = [onnx.ValueInfoProto(name=name) for name in outputs]
        graph = helper.make_graph(self.nodes, "net", self.inputs, made, self.weights)
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8
        )


NETWORKS: dict[str, Callable[[], onnx.ModelProto]] = {}


def network(build: Callable[[], onnx.ModelProto]) -> Callable[[], onnx.ModelProto]:
    NETWORKS[build.__name__] = build
    return build


def unet(levels: int, *shape: int | str | None) -> onnx.ModelProto:
    """Halves the size some times and joins what has the same size: all halves must be whole."""
    net = Net()
    x = net.conv(net.input("image", shape), 3, 4)
    skips = []
    for _ in range(levels):
        skips.append(x)
        x = net.conv(net.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2]), 4, 4)
    for skip in reversed(skips):
        up = net.op("ConvTranspose", x, net.weight(4, 4, 2, 2), strides=[2, 2])
        x = net.conv(net.op("Concat", up, skip, axis=1), 8, 4)
    return net.model(x)


@network
def unet_16() -> onnx.ModelProto:
    return unet(4, "batch", 3, "height", "width")


@network
def unet_128() -> onnx.ModelProto:
    return unet(7, None, 3, None, None)


@network
def detector() -> onnx.ModelProto:
    """A pyramid of features whose levels are enlarged by 2 and added, as in YOLO and RetinaNet."""
    net = Net()
    x = net.input("images", ["batch", 3, "h", "w"])
    levels, deep = [], 3
    for _ in range(6):
        x, deep = net.conv(x, deep, 4, stride=2), 4
        levels.append(x)
    top = levels[-1]
    outs = []
    for level in reversed(levels[2:-1]):
        scales = net.array(np.array([1, 1, 2, 2], np.float32))
        up = net.op(
            "Resize",
            top,
            "",
            scales,
            mode="nearest",
            nearest_mode="floor",
            coordinate_transformation_mode="asymmetric",
        )
        top = net.op("Add", up, level)
        flat = net.op("Reshape", top, net.ints(0, 4, -1))
        outs.append(net.op("Transpose", flat, perm=[0, 2, 1]))
    return net.model(net.op("Concat", *outs, axis=1))


@network
def channels_last() -> onnx.ModelProto:
    """What tf2onnx writes: pictures with channels last and made-up names."""
    net = Net()
    x = net.input("input_1:0", ["unk__12", "unk__13", "unk__14", 3])
    x = net.op("Transpose", net.op("Sub", x, net.array(np.float32(127.5))), perm=[0, 3, 1, 2])
    for deep in (3, 4, 4):
        x = net.conv(x, deep, 4, size=5, stride=2, pad=0)
    x = net.op("GlobalAveragePool", x)
    return net.model(net.linear(net.op("Flatten", x), 4, 10))


def classifier(side: int, deep: int, *shape: int | str | None) -> onnx.ModelProto:
    """Weights of the last layer fix the size of the picture, which the file leaves open."""
    net = Net()
    x = net.input("x", shape)
    for channels in (deep, 4):
        x = net.conv(x, channels, 4, size=5, pad=0)
        x = net.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    left = ((side - 4) // 2 - 4) // 2
    return net.model(net.op("Gemm", net.op("Flatten", x), net.weight(4 * left * left, 10)))


@network
def digits() -> onnx.ModelProto:
    return classifier(28, 1, "N", 1, "H", "W")


@network
def faces() -> onnx.ModelProto:
    return classifier(112, 3, None, 3, None, None)


@network
def large_pictures() -> onnx.ModelProto:
    return classifier(1100, 3, "b", 3, "rows", "columns")


@network
def patches_14() -> onnx.ModelProto:
    """A transformer of patches of 14 with a position for each, as of 37 x 37 patches."""
    net = Net()
    x = net.input("pixel_values", ["batch_size", "num_channels", "height", "width"])
    x = net.op("Conv", x, net.weight(8, 3, 14, 14), strides=[14, 14])
    x = net.op("Transpose", net.op("Reshape", x, net.ints(0, 8, -1)), perm=[0, 2, 1])
    return net.model(net.op("Add", x, net.weight(1, 37 * 37, 8)))


@network
def windows() -> onnx.ModelProto:
    """Windows of 12 x 12 on patches of 4, taken by sizes that are computed."""
    net = Net()
    x = net.conv(net.input("x", [1, 3, "s1", "s2"]), 3, 8, size=4, stride=4, pad=0)
    twelve = net.ints(12)
    down, across = (net.op("Div", net.size(x, axis), twelve) for axis in (2, 3))
    shape = net.op("Concat", net.ints(1, 8), down, twelve, across, twelve, axis=0)
    return net.model(net.op("Reshape", x, shape))


@network
def recogniser() -> onnx.ModelProto:
    """Reads lines of text of height 48 (or 32): what Paddle writes."""
    net = Net()
    x = net.input("x", ["p2o.DynamicDimension.0", 3, 48, "p2o.DynamicDimension.1"])
    for deep in (3, 4, 4, 4):
        x = net.conv(x, deep, 4, stride=2)
    x = net.op("AveragePool", x, kernel_shape=[3, 1], strides=[3, 1])
    x = net.op("Transpose", net.op("Squeeze", x, net.ints(2)), perm=[2, 0, 1])
    x = net.op("LSTM", x, net.weight(1, 32, 4), net.weight(1, 32, 8), hidden_size=8)
    return net.model(net.linear(x, 8, 20))


@network
def speech() -> onnx.ModelProto:
    """A chain of strided convolutions on waves, as in wav2vec 2.0, named like a sequence."""
    net = Net()
    x = net.input("input_values", ["batch_size", "sequence_length"])
    x, deep = net.op("Unsqueeze", x, net.ints(1)), 1
    for size, stride in ((10, 5), (3, 2), (3, 2), (3, 2), (3, 2), (2, 2), (2, 2)):
        x, deep = net.conv(x, deep, 4, size, stride, axes=1, pad=0), 4
    return net.model(net.linear(net.op("Transpose", x, perm=[0, 2, 1]), 4, 32))


@network
def spectrum() -> onnx.ModelProto:
    """Short-time Fourier transform of waves with a window of 2,048."""
    net = Net()
    x = net.op("Unsqueeze", net.input("x", ["s0", "s1"]), net.ints(2))
    x = net.op("STFT", x, net.array(np.int64(512)), "", net.array(np.int64(2048)))
    return net.model(net.op("ReduceMean", x, axes=[1]))


@network
def listener() -> onnx.ModelProto:
    """An encoder of spectrograms with a position for each pair of 3,000 frames, as in Whisper."""
    net = Net()
    x = net.input("input_features", ["batch_size", 80, "encoder_sequence_length"])
    x = net.conv(net.conv(x, 80, 8, axes=1), 8, 8, stride=2, axes=1)
    return net.model(net.op("Add", net.op("Transpose", x, perm=[0, 2, 1]), net.weight(1500, 8)))


@network
def voice_detector() -> onnx.ModelProto:
    """Two ways for two sampling rates, each with a window of its own, as in Silero's."""
    net = Net()
    x = net.input("input", [None, None])
    rate = net.input("sr", [], INT64)

    def branch(window: int) -> onnx.GraphProto:
        inner = Net()
        inner.random = net.random
        made = inner.op(
            "Conv",
            inner.op("Unsqueeze", x, inner.ints(1)),
            inner.weight(2, 1, window),
            strides=[window // 2],
        )
        last = inner.op("ReduceMean", made, axes=[2], keepdims=0)
        nodes, arrays = inner.nodes, inner.weights
        for node in nodes:
            for names in (node.input, node.output):
                names[:] = [f"w{window}_{name}" if name != x and name else name for name in names]
        for array in arrays:
            array.name = f"w{window}_{array.name}"
        out = helper.make_tensor_value_info(f"w{window}_{last}", FLOAT, None)
        return helper.make_graph(nodes, f"at{window}", [], [out], arrays)

    fast = net.op("Equal", rate, net.array(np.int64(16000)))
    state = net.input("state", [2, None, 16])
    made = net.op("If", fast, then_branch=branch(512), else_branch=branch(256))
    return net.model(made, net.op("Tanh", state))


def decoder(
    tokens: int | str, past: int | str, total: int | str | None, batch: int | str = "batch_size"
) -> onnx.ModelProto:
    """A layer of GPT-2: earlier keys and values are joined with new ones, a mask covers both."""
    net = Net()
    ids = net.input("input_ids", [batch, tokens], INT64)
    mask = net.input("attention_mask", [batch, total], INT64)
    keys = net.input("past_key_values.0.key", [batch, 2, past, 4])
    values = net.input("past_key_values.0.value", [batch, 2, past, 4])
    start = net.size(keys, 2)
    end = net.op("Add", start, net.size(ids, 1))
    zero = net.ints(0)
    places = net.op("Slice", net.weight(1024, 8), start, end, zero)
    x = net.op("Add", net.op("Gather", net.weight(50, 8), ids), places)
    q, k, v = (net.heads(net.linear(x, 8, 8), 2, 4) for _ in range(3))
    k, v = net.op("Concat", keys, k, axis=2), net.op("Concat", values, v, axis=2)
    open_ = net.op("Cast", net.op("Sub", net.ints(1), mask), to=FLOAT)
    bias = net.op("Unsqueeze", net.op("Mul", open_, net.array(np.float32(-1e9))), net.ints(1, 2))
    y = net.op("Transpose", net.attention(q, k, v, bias), perm=[0, 2, 1, 3])
    y = net.op("Reshape", y, net.ints(0, 0, 8))
    return net.model(net.linear(y, 8, 50), k, v)


@network
def decoder_by_names() -> onnx.ModelProto:
    return decoder("sequence_length", "past_sequence_length", "total_sequence_length")


@network
def decoder_by_sum() -> onnx.ModelProto:
    total = "past_sequence_length + sequence_length"
    return decoder("sequence_length", "past_sequence_length", total)


@network
def decoder_of_one() -> onnx.ModelProto:
    return decoder(1, "past_sequence_length", "past_sequence_length + 1")


@network
def decoder_of_one_mask() -> onnx.ModelProto:
    return decoder(1, "past_sequence_length", "attention_mask_sequence_length")


@network
def decoder_made_up() -> onnx.ModelProto:
    return decoder("s1", "s2", "s3", "s0")


@network
def decoder_fixed_past() -> onnx.ModelProto:
    return decoder("seq", 16, "total", 1)


@network
def translator() -> onnx.ModelProto:
    """A decoder that looks at what an encoder made, with a mask of its own."""
    net = Net()
    mask = net.input("encoder_attention_mask", ["batch", "encoder_sequence_length"], INT64)
    ids = net.input("input_ids", ["batch", "decoder_sequence_length"], INT64)
    states = net.input("encoder_hidden_states", ["batch", "encoder_sequence_length_out", 8])
    x = net.op("Gather", net.weight(30, 8), ids)
    q, k, v = (net.heads(net.linear(y, 8, 8), 2, 4) for y in (x, states, states))
    bias = net.op("Unsqueeze", net.op("Cast", mask, to=FLOAT), net.ints(1, 2))
    return net.model(net.attention(q, k, v, bias))


@network
def short_text() -> onnx.ModelProto:
    """A text encoder that has 77 positions, as in CLIP."""
    net = Net()
    ids = net.input("input_ids", ["batch_size", "sequence_length"], INT64)
    mask = net.input("attention_mask", ["batch_size", "sequence_length"], INT64)
    end = net.size(ids, 1)
    places = net.op(
        "Gather",
        net.weight(77, 8),
        net.op("Range", net.array(np.int64(0)), net.op("Squeeze", end), net.array(np.int64(1))),
    )
    x = net.op("Add", net.op("Gather", net.weight(50, 8), ids), places)
    seen = net.op("Unsqueeze", net.op("Cast", mask, to=FLOAT), net.ints(2))
    return net.model(net.op("Mul", x, seen))


@network
def one_name_two_sizes() -> onnx.ModelProto:
    """One name for the batch, the tokens and the features."""
    net = Net()
    ids = net.op("Gather", net.weight(9, 8), net.input("ids", ["N", "N"], INT64))
    picture = net.conv(net.input("image", ["N", 3, "N", "N"]), 3, 8)
    pooled = net.op("Flatten", net.op("GlobalAveragePool", picture))
    return net.model(net.op("Add", net.op("ReduceMean", ids, axes=[1], keepdims=0), pooled))


@network
def cloud() -> onnx.ModelProto:
    """Features of points, and the largest of each."""
    net = Net()
    x = net.input("points", ["B", "N", 3])
    x = net.conv(net.op("Transpose", x, perm=[0, 2, 1]), 3, 8, size=1, axes=1)
    return net.model(net.op("ReduceMax", x, axes=[2]))


@network
def video() -> onnx.ModelProto:
    net = Net()
    x = net.input("video", ["batch", 3, "frames", "height", "width"])
    x = net.conv(net.conv(x, 3, 4, stride=2, axes=3), 4, 4, stride=2, axes=3)
    return net.model(net.op("GlobalAveragePool", x))


@network
def latents() -> onnx.ModelProto:
    """A denoiser of latent pictures, with text that it looks at."""
    net = Net()
    x = net.conv(net.input("sample", ["batch", 4, "height", "width"]), 4, 8)
    text = net.linear(net.input("encoder_hidden_states", ["batch", "sequence", 8]), 8, 8)
    x = net.op("Transpose", net.op("Reshape", x, net.ints(0, 8, -1)), perm=[0, 2, 1])
    score = net.op(
        "Softmax", net.op("MatMul", x, net.op("Transpose", text, perm=[0, 2, 1])), axis=-1
    )
    return net.model(net.op("MatMul", score, text))


@network
def enlarger() -> onnx.ModelProto:
    """Twice as many pixels, from quarters of the channels; edges are reflected."""
    net = Net()
    x = net.op(
        "Pad",
        net.input("lr", ["n", 3, "ih", "iw"]),
        net.ints(0, 0, 8, 8, 0, 0, 8, 8),
        mode="reflect",
    )
    return net.model(net.op("DepthToSpace", net.conv(x, 3, 12, size=9, pad=0), blocksize=2))


@network
def voice() -> onnx.ModelProto:
    """Speech from phonemes, with scales and lengths, as in VITS."""
    net = Net()
    ids = net.input("input", ["batch_size", "phonemes"], INT64)
    lengths = net.input("input_lengths", ["batch_size"], INT64)
    scales = net.input("scales", [3])
    x = net.op("Transpose", net.op("Gather", net.weight(40, 8), ids), perm=[0, 2, 1])
    x = net.op("ConvTranspose", x, net.weight(8, 1, 16), strides=[8], pads=[4, 4])
    loud = net.op("Gather", scales, net.array(np.int64(0)))
    return net.model(net.op("Mul", x, loud), net.op("Mul", lengths, net.ints(8)))


@network
def rows() -> onnx.ModelProto:
    """What scikit-learn's converters write."""
    net = Net()
    return net.model(net.op("Gemm", net.input("X", [None, 4]), net.weight(4, 3)))


@network
def features_open() -> onnx.ModelProto:
    """Even the number of features is left open; the weights have it."""
    net = Net()
    return net.model(net.op("Gemm", net.input("X", [None, None]), net.weight(13, 3)))


@network
def half_rate() -> onnx.ModelProto:
    """Sizes as expressions, as PyTorch's exporter writes them."""
    net = Net()
    x = net.input("x", ["s77", 3, "32*s48", "32*s53"])
    for deep in (3, 4, 4, 4, 4):
        x = net.conv(x, deep, 4, stride=2)
    return net.model(x)


@network
def chunks() -> onnx.ModelProto:
    """Waves in pieces of 600."""
    net = Net()
    x = net.op("Reshape", net.input("waveform", [1, "samples"]), net.ints(1, -1, 600))
    return net.model(net.linear(x, 600, 4))


@network
def long_text() -> onnx.ModelProto:
    """Blocks of 512 tokens, as in a Longformer."""
    net = Net()
    x = net.op("Gather", net.weight(50, 8), net.input("tokens", ["batch", "time"], INT64))
    return net.model(net.op("Reshape", x, net.ints(0, -1, 512, 8)))


@network
def images_3() -> onnx.ModelProto:
    """A picture without a batch, as detectors of torchvision read it."""
    net = Net()
    x = net.op("Unsqueeze", net.input("image", [3, "height", "width"]), net.ints(0))
    return net.model(net.conv(x, 3, 4, size=7, stride=2))


def feeds(model: onnx.ModelProto, shapes: dict[str, tuple[int, ...]]) -> dict[str, Array]:
    """Random inputs of these shapes; integers are small."""
    random = np.random.default_rng(5)
    made: dict[str, Array] = {}
    for value in model.graph.input:
        shape, kind = shapes[value.name], value.type.tensor_type.elem_type
        dtype = helper.tensor_dtype_to_np_dtype(kind)
        floats = np.issubdtype(dtype, np.floating)
        made[value.name] = (
            random.normal(size=shape) if floats else random.integers(0, 2, shape)
        ).astype(dtype)
    return made
