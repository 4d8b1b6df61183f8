"""Small networks of pictures and others with open dimensions, built as exporters do it."""

from __future__ import annotations

import numpy as np
import onnx

from tests.loading.sizes.net import INT64, Net, network


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
def images_3() -> onnx.ModelProto:
    """A picture without a batch, as detectors of torchvision read it."""
    net = Net()
    x = net.op("Unsqueeze", net.input("image", [3, "height", "width"]), net.ints(0))
    return net.model(net.conv(x, 3, 4, size=7, stride=2))
