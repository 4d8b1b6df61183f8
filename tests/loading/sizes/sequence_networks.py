"""Small networks of text and sound with open dimensions, built as exporters do it."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper

from tests.loading.sizes.net import FLOAT, INT64, Net, network


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
def decoder_with_a_sink() -> onnx.ModelProto:
    """A learned key stands before all others, and the mask covers it, too."""
    net = Net()
    x = net.input("inputs_embeds", [1, "sequence_length", 8])
    mask = net.input("attention_mask", [1, "total_sequence_length"])
    keys = net.input("past_key_values.0.key", [1, 2, "past_sequence_length", 4])
    q, k = (net.heads(net.linear(x, 8, 8), 2, 4) for _ in range(2))
    k = net.op("Concat", net.weight(1, 2, 1, 4), keys, k, axis=2)
    return net.model(net.attention(q, k, k, net.op("Unsqueeze", mask, net.ints(1, 2))), k)


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
