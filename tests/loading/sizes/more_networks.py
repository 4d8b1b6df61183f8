"""More networks with open dimensions, each with a turn of its own."""

from __future__ import annotations

import numpy as np
import onnx

from tests.loading.sizes.net import FLOAT, INT64, Net, network


@network
def anchors_of_640() -> onnx.ModelProto:
    """The anchors of pictures of 640 are in the file."""
    net = Net()
    x = net.input("images", ["batch", 3, "height", "width"])
    for deep in (3, 4, 4, 4, 4):
        x = net.conv(x, deep, 4, stride=2)
    x = net.op("Reshape", x, net.ints(0, 4, -1))
    return net.model(net.op("Mul", x, net.weight(1, 1, 400)))


@network
def matting() -> onnx.ModelProto:
    """A state that is passed on from picture to picture and begins as one element."""
    net = Net()
    x = net.input("src", ["batch_size", 3, "height", "width"])
    r = net.input("r1i", ["batch_size", "channels", "height", "width"])
    y = net.conv(x, 3, 4, stride=2)
    s = net.op("Shape", y)
    h = net.op("Expand", r, s)
    return net.model(net.op("Concat", y, h, axis=1))


@network
def bands_of_sound() -> onnx.ModelProto:
    """Spectrograms that are called an audio signal."""
    net = Net()
    x = net.input(
        "audio_signal", ["audio_signal_dynamic_axes_1", 80, "audio_signal_dynamic_axes_2"]
    )
    length = net.input("length", ["length_dynamic_axes_1"], INT64)
    return net.model(net.conv(x, 80, 4, 3, 2, axes=1), net.op("Div", length, net.ints(2)))


@network
def batches_of_batches() -> onnx.ModelProto:
    """Batches of batches of tokens."""
    net = Net()
    x = net.input(
        "input1", ["input1_dynamic_axes_1", "input1_dynamic_axes_2", "input1_dynamic_axes_3"], INT64
    )
    return net.model(net.op("Gather", net.weight(50, 8), x))


@network
def waves_1d() -> onnx.ModelProto:
    """Waves without a batch."""
    net = Net()
    x = net.input("waveform", ["unk__1"])
    x = net.op("Unsqueeze", x, net.ints(0, 1))
    return net.model(net.conv(x, 1, 4, 400, 160, axes=1, pad=0))


@network
def lstm_unnamed() -> onnx.ModelProto:
    """Steps before the batch, and a state."""
    net = Net()
    x = net.input("x", [None, None, 10])
    h = net.input("h", [1, None, 8])
    y = net.op("GRU", x, net.weight(1, 24, 10), net.weight(1, 24, 8), "", "", h, hidden_size=8)
    return net.model(y)


@network
def three_lengths() -> onnx.ModelProto:
    """Three names for one length."""
    net = Net()
    a = net.input("input_ids", ["batch", "seq"], INT64)
    m = net.input("attention_mask", ["batch", "seq2"], INT64)
    t = net.input("token_type_ids", ["batch", "seq3"], INT64)
    x = net.op("Gather", net.weight(50, 8), a)
    y = net.op("Gather", net.weight(2, 8), t)
    z = net.op("Unsqueeze", net.op("Cast", m, to=FLOAT), net.ints(2))
    return net.model(net.op("Mul", net.op("Add", x, y), z))


@network
def positions_40() -> onnx.ModelProto:
    """A table of 40 positions, cut to the length of the text."""
    net = Net()
    a = net.input("input_ids", ["batch", "sequence"], INT64)
    e = net.size(a, 1)
    pos = net.op("Slice", net.weight(1, 40, 8), net.ints(0), e, net.ints(1))
    return net.model(net.op("Add", net.op("Gather", net.weight(50, 8), a), pos))


@network
def open_channels_last() -> onnx.ModelProto:
    """Nothing is known of the input but its rank; weights have its channels."""
    net = Net()
    x = net.input("input", [None, None, None, None])
    x = net.op("Transpose", x, perm=[0, 3, 1, 2])
    return net.model(net.conv(x, 3, 4, 7, 2, pad=0))


@network
def open_channels_first() -> onnx.ModelProto:
    """Every axis is called None."""
    net = Net()
    x = net.input("data", ["None", "None", "None", "None"])
    return net.model(net.conv(x, 3, 4, 7, 2, pad=0))


@network
def chat() -> onnx.ModelProto:
    """Keys and values side by side, and a mask over all tokens."""
    net = Net()
    ids = net.input("input_ids", ["batch", "seq_len"], INT64)
    kv = net.input("past_key_values", [2, "batch", "history_len", 4])
    m = net.input("attention_mask", ["batch", 1, "seq_len", "all_len"])
    x = net.linear(net.op("Gather", net.weight(50, 8), ids), 8, 4)
    k = net.op("Squeeze", net.op("Gather", kv, net.ints(0)), net.ints(0))
    k = net.op("Concat", k, x, axis=1)
    s = net.op("MatMul", x, net.op("Transpose", k, perm=[0, 2, 1]))
    s = net.op("Add", s, net.op("Squeeze", m, net.ints(1)))
    return net.model(s)


@network
def translator_past() -> onnx.ModelProto:
    """Earlier keys of both a decoder and an encoder."""
    net = Net()
    ids = net.input("input_ids", ["batch", "decoder_sequence_length"], INT64)
    enc = net.input("encoder_hidden_states", ["batch", "encoder_sequence_length", 8])
    em = net.input("encoder_attention_mask", ["batch", "encoder_sequence_length"], INT64)
    pk = net.input("past_key_values.0.decoder.key", ["batch", 2, "past_decoder_sequence_length", 4])
    ek = net.input("past_key_values.0.encoder.key", ["batch", 2, "encoder_sequence_length_out", 4])
    q = net.heads(net.linear(net.op("Gather", net.weight(50, 8), ids), 8, 8), 2, 4)
    k = net.op("Concat", pk, q, axis=2)
    y = net.attention(q, k, k)
    b = net.op("Unsqueeze", net.op("Cast", em, to=FLOAT), net.ints(1, 2))
    z = net.attention(y, ek, ek, b)
    return net.model(z, net.linear(enc, 8, 2))


@network
def painter() -> onnx.ModelProto:
    """Halves twice, doubles twice, and joins the picture."""
    net = Net()
    x = net.input("input1", ["b", 3, "h", "w"])
    y = net.conv(net.conv(x, 3, 4, stride=2), 4, 4, stride=2)
    for _ in range(2):
        y = net.op(
            "ConvTranspose",
            y,
            net.weight(4, 4, 3, 3),
            strides=[2, 2],
            pads=[1, 1, 1, 1],
            output_padding=[1, 1],
        )
    return net.model(net.op("Concat", x, y, axis=1))


@network
def squeeze_frames() -> onnx.ModelProto:
    """A single frame must be left of the waves."""
    net = Net()
    x = net.input("input", ["batch", "sequence"])
    x = net.op("Unsqueeze", x, net.ints(1))
    x = net.conv(x, 1, 4, 256, 128, axes=1, pad=0)
    x = net.conv(x, 4, 4, 3, 2, axes=1, pad=1)
    x = net.op("Squeeze", x, net.ints(2))
    return net.model(net.linear(x, 4, 1))


@network
def volume() -> onnx.ModelProto:
    """A scan of a body, halved once."""
    net = Net()
    x = net.input("image", ["b", 1, "d", "h", "w"])
    s = []
    y = net.conv(x, 1, 4, axes=3)
    s = y
    y = net.conv(y, 4, 4, stride=2, axes=3)
    y = net.op("ConvTranspose", y, net.weight(4, 4, 2, 2, 2), strides=[2, 2, 2])
    return net.model(net.op("Concat", s, y, axis=1))


@network
def clicks() -> onnx.ModelProto:
    """Clicks on a picture."""
    net = Net()
    c = net.input("point_coords", ["batch", "num_points", 2])
    marks = net.input("point_labels", ["batch", "num_points"])
    return net.model(net.op("Add", net.linear(c, 2, 4), net.op("Unsqueeze", marks, net.ints(2))))


@network
def cache_of_heads() -> onnx.ModelProto:
    """A decoder as ONNX Runtime GenAI builds it: the size of a head is a dimension with a name."""
    net = Net()
    ids = net.input("input_ids", ["batch_size", "sequence_length"], INT64)
    mask = net.input("attention_mask", ["batch_size", "total_sequence_length"], INT64)
    shape = ["batch_size", 2, "past_sequence_length", "kv_cache_dim"]
    keys = net.input("past_key_values.0.key", shape)
    values = net.input("past_key_values.0.value", shape)
    x = net.op("Gather", net.weight(50, 32), ids)
    total = net.op("Cast", net.size(mask, 1), to=onnx.TensorProto.INT32)
    last = net.op("Sub", total, net.array(np.ones(1, np.int32)))
    scalar = net.op("Squeeze", total, net.ints(0))
    fed = (net.linear(x, 32, 32), net.linear(x, 32, 16), net.linear(x, 32, 16), keys, values)
    y = net.op(
        "GroupQueryAttention", *fed, last, scalar, outputs=3, domain="com.microsoft",
        num_heads=4, kv_num_heads=2,
    )  # fmt: skip
    model = net.model(net.linear(y, 32, 50))
    model.opset_import.append(onnx.helper.make_opsetid("com.microsoft", 1))
    return model


@network
def bands() -> onnx.ModelProto:
    """A spectrogram whose bands the weights behind the convolutions fix, and whose times not."""
    net = Net(18)
    x = net.input("input", ["input_dim_0", "input_dim_1"])
    x = net.op("Unsqueeze", x, net.ints(0, 1))
    x = net.conv(x, 1, 6, 5, pad=0)
    x = net.conv(x, 6, 4, pad=0)
    x = net.op("Transpose", net.op("Squeeze", x, net.ints(0)), perm=[1, 0, 2])
    x = net.op("Reshape", x, net.ints(-1, 4 * 74))
    return net.model(net.linear(x, 4 * 74, 8))


@network
def scaled_bands() -> onnx.ModelProto:
    """A spectrogram each of whose bands has a scale of its own."""
    net = Net()
    x = net.input("input", ["frames", "bins", "channels"])
    x = net.op("Mul", x, net.weight(72, 3))
    x = net.op("Transpose", net.op("Unsqueeze", x, net.ints(0)), perm=[0, 3, 1, 2])
    return net.model(net.conv(x, 3, 4))


@network
def squeezed_batch() -> onnx.ModelProto:
    """All axes of one element are dropped, and with a single sample that of the batch, too."""
    net = Net(11)
    x = net.input("x", ["n", 8])
    y = net.op("Squeeze", net.op("Unsqueeze", net.linear(x, 8, 4), axes=[2]))
    return net.model(net.op("Transpose", y, perm=[1, 0]))
