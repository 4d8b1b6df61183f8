"""The weights of Keras's networks on any backend: values as after training, and their number."""

from __future__ import annotations

import math

import keras
from keras import layers

from tests.collection.trained import trained


def train(model: keras.Model) -> keras.Model:
    """Give every trainable weight and every moving statistic seeded values of its own."""
    changing = [w for w in model.weights if w.trainable or "moving_" in w.path]
    for number, weight in enumerate(changing):
        positive = weight.path.endswith("variance")
        weight.assign(trained(keras.ops.convert_to_numpy(weight), number, positive=positive))
    return model


def parameters_of(model: keras.Model) -> int:
    """Number of trainable parameters."""
    return sum(math.prod(weight.shape) for weight in model.trainable_weights)


def folded_of(model: keras.Model, *, depthwise: bool = True) -> int | None:
    """Number of parameters after all batch normalizations are folded into the layers before them.

    A normalization that does not directly follow a layer stays as it is; None if all do.

    Args:
        model: A network of which each layer is called once.
        depthwise: Whether those behind depthwise convolutions are folded too.
    """
    taken = [
        sum(math.prod(weight.shape) for weight in norm.trainable_weights)
        - (0 if before.use_bias else norm.moving_mean.shape[0])
        for norm in model._flatten_layers(include_self=False)
        if isinstance(norm, layers.BatchNormalization)
        and hasattr(before := norm.input._keras_history.operation, "use_bias")
        and (depthwise or not isinstance(before, layers.DepthwiseConv2D))
    ]
    return parameters_of(model) - sum(taken) if taken else None


def cells_of(model: keras.Model, kind: type[layers.Layer]) -> list[layers.Layer]:
    """The recurrent layers of a kind, both of a bidirectional one."""
    found = model._flatten_layers(include_self=False)
    return [layer for layer in found if isinstance(layer, kind)]
