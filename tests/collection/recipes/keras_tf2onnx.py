# /// script
# dependencies = ["onnx==1.23.2", "tensorflow-cpu==2.21.0", "tf2onnx==1.17.0"]
# ///
"""Keras networks on TensorFlow, converted with tf2onnx."""

from functools import partial
from pathlib import Path

import keras
import tensorflow as tf
import tf2onnx
from keras import applications, layers

from tests.collection.files import Truth, make, source
from tests.collection.keras_weights import cells_of, folded_of, parameters_of, train


def sequential(*stack: keras.Layer) -> keras.Model:
    return keras.Sequential(stack)


def tagger(cell: type[layers.Layer]) -> keras.Model:
    """A recurrent network over words."""
    return sequential(
        layers.Input((20,), dtype="int32"),
        layers.Embedding(500, 32),
        layers.Bidirectional(cell(24, return_sequences=True)),
        cell(16),
        layers.Dense(5, activation="softmax"),
    )


def unet() -> keras.Model:
    """A U-Net of two levels."""
    image = keras.Input((64, 64, 3))
    first = layers.Conv2D(16, 3, padding="same", activation="relu")(image)
    second = layers.Conv2D(32, 3, padding="same", activation="relu")(layers.MaxPooling2D()(first))
    third = layers.Conv2D(64, 3, padding="same", activation="relu")(layers.MaxPooling2D()(second))
    up = layers.Conv2DTranspose(32, 2, 2)(third)
    up = layers.Conv2D(32, 3, padding="same")(layers.Concatenate()([second, up]))
    up = layers.UpSampling2D(interpolation="bilinear")(up)
    up = layers.BatchNormalization()(layers.Concatenate()([first, up]))
    return keras.Model(image, layers.Conv2D(2, 1)(up))


def transformer() -> keras.Model:
    """One layer of a Transformer over words."""
    words = keras.Input((16,), dtype="int32")
    x = layers.Embedding(300, 32)(words)
    x = layers.LayerNormalization()(x + layers.MultiHeadAttention(4, 8)(x, x))
    x = x + layers.Dense(32)(layers.Dense(64, activation="relu")(x))
    return keras.Model(words, layers.Dense(4)(layers.GlobalAveragePooling1D()(x)))


def volumes() -> keras.Model:
    """Convolutions of three dimensions, and of many kinds."""
    return sequential(
        layers.Input((16, 16, 16, 1)),
        layers.Conv3D(8, 3, activation="elu"),
        layers.MaxPooling3D(),
        layers.Conv3DTranspose(4, 3),
        layers.GlobalAveragePooling3D(),
        layers.Dense(3),
    )


def separable() -> keras.Model:
    """Depthwise, separable and dilated convolutions."""
    return sequential(
        layers.Input((32, 32, 3)),
        layers.SeparableConv2D(16, 3, activation="swish"),
        layers.DepthwiseConv2D(3, strides=2, padding="same"),
        layers.Conv2D(16, 3, dilation_rate=2),
        layers.LeakyReLU(),
        layers.AveragePooling2D(2),
        layers.Flatten(),
        layers.Dense(10, activation="softplus"),
    )


PICTURE = {"weights": None, "input_shape": (96, 96, 3), "classes": 20}
MODELS = {
    "mobilenet": partial(applications.MobileNet, **PICTURE),
    "mobilenet_v2": partial(applications.MobileNetV2, **PICTURE),
    "mobilenet_v3": partial(applications.MobileNetV3Small, **PICTURE),
    "efficientnet_b0": partial(applications.EfficientNetB0, **PICTURE),
    "nasnet": partial(applications.NASNetMobile, **PICTURE),
    "lstm": partial(tagger, layers.LSTM),
    "gru": partial(tagger, layers.GRU),
    "rnn": partial(tagger, layers.SimpleRNN),
    "unet": unet,
    "transformer": transformer,
    "volumes": volumes,
    "separable": separable,
}


def convert(make_model: partial, opset: int, path: Path) -> Truth:
    """Convert a Keras model by its TensorFlow function."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(0)
    model = train(make_model())
    signature = [tf.TensorSpec(put.shape, put.dtype, name=put.name) for put in model.inputs]
    function = tf.function(lambda *values: model(list(values), training=False))
    tf2onnx.convert.from_function(
        function, input_signature=signature, opset=opset, output_path=str(path)
    )
    # An LSTM of ONNX has a second bias of each gate. TensorFlow folds no normalization into a
    # depthwise convolution.
    added = sum(4 * cell.units for cell in cells_of(model, layers.LSTM))
    folded = folded_of(model, depthwise=False)
    return Truth(
        source=source("tensorflow_cpu", "keras", "tf2onnx", how=f"opset {opset}"),
        parameters=parameters_of(model) + added,
        folded=None if folded is None else folded + added,
    )


if __name__ == "__main__":
    make(
        {name: partial(convert, model, 15) for name, model in MODELS.items()}
        | {f"{name}_opset11": partial(convert, MODELS[name], 11) for name in ("lstm", "unet")}
        | {f"{name}_opset18": partial(convert, MODELS[name], 18) for name in ("gru", "separable")}
    )
