# /// script
# dependencies = [
#     "keras==3.15.1",
#     "onnx==1.23.2",
#     "onnxscript==0.7.2",
#     "torch==2.14.1",
# ]
# ///
"""Keras networks on PyTorch, exported by Keras itself."""

import os

os.environ["KERAS_BACKEND"] = "torch"

from functools import partial
from pathlib import Path

import keras
from keras import applications, layers

from tests.collection.files import Truth, make, source
from tests.collection.keras_weights import folded_of, parameters_of, train


def tagger(cell: type[layers.Layer]) -> keras.Model:
    """A recurrent network over words."""
    return keras.Sequential(
        [
            layers.Input((20,), dtype="int32"),
            layers.Embedding(500, 32),
            cell(24, return_sequences=True),
            cell(16),
            layers.Dense(5, activation="softmax"),
        ]
    )


def convolutional() -> keras.Model:
    """Convolutions of several kinds."""
    return keras.Sequential(
        [
            layers.Input((32, 32, 3)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.SeparableConv2D(24, 3, activation="swish"),
            layers.MaxPooling2D(),
            layers.Conv2DTranspose(8, 2, strides=2),
            layers.GlobalAveragePooling2D(),
            layers.Dense(10),
        ]
    )


PICTURE = {"weights": None, "input_shape": (96, 96, 3), "classes": 20}
MODELS = {
    "mobilenet": partial(applications.MobileNet, **PICTURE),
    "mobilenet_v3": partial(applications.MobileNetV3Small, **PICTURE),
    "efficientnet_b0": partial(applications.EfficientNetB0, **PICTURE),
    "lstm": partial(tagger, layers.LSTM),
    "gru": partial(tagger, layers.GRU),
    "convolutional": convolutional,
}


def export(make_model: partial, path: Path) -> Truth:
    """Export a Keras model."""
    keras.utils.set_random_seed(0)
    model = train(make_model())
    model([keras.ops.zeros((1, *put.shape[1:]), put.dtype) for put in model.inputs])
    model.export(path, format="onnx", verbose=False)
    return Truth(
        source=source("keras", "torch", "onnxscript", how="model.export"),
        parameters=parameters_of(model),
        folded=folded_of(model),
    )


if __name__ == "__main__":
    make({name: partial(export, model) for name, model in MODELS.items()})
