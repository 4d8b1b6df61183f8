# /// script
# dependencies = ["onnx==1.23.2", "tensorflow-cpu==2.21.0", "tf2onnx==1.17.0"]
# ///
"""TFLite files of Keras networks, as floats or quantized, converted with tf2onnx."""

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tests.collection.files import Truth, make, source
from tests.collection.keras_weights import train
from tests.collection.recipes.keras_tf2onnx import MODELS

PICTURES = ("mobilenet", "mobilenet_v2", "separable", "unet")
SEQUENCES = ("transformer",)


def convert(name: str, quantized: bool, path: Path) -> Truth:
    """Convert a Keras model to TFLite, as integers if `quantized`, and that to ONNX."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(0)
    model = train(MODELS[name]())
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if quantized:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: examples(model)
    lite = Path(path.stem).with_suffix(".tflite")
    lite.write_bytes(converter.convert())
    command = [sys.executable, "-m", "tf2onnx.convert", "--opset", "17"]
    subprocess.run([*command, "--tflite", lite, "--output", path], check=True)
    kind = "quantized " if quantized else ""
    # No count is given: TFLite adds a bias of zeros to each convolution that has none.
    return Truth(source=source("tensorflow_cpu", "tf2onnx", how=f"{kind}TFLite, opset 17"))


def examples(model: keras.Model) -> Iterator[list[np.ndarray]]:
    """Inputs that show the range of each layer's values."""
    random = np.random.default_rng(0)
    for _ in range(4):
        yield [random.random((1, *model.input_shape[1:]), dtype=np.float32)]


if __name__ == "__main__":
    make(
        {name: partial(convert, name, False) for name in PICTURES + SEQUENCES}
        | {f"{name}_int8": partial(convert, name, True) for name in PICTURES}
    )
