# /// script
# dependencies = [
#     "equinox==0.13.8",
#     "flax==0.12.8",
#     "jax==0.10.2",
#     "jax2onnx==0.17.1",
#     "onnx==1.23.2",
# ]
# ///
"""Networks of Flax and Equinox, converted with jax2onnx."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import equinox as eqx
import jax
import numpy as np
import onnx
from flax import nnx
from jax import Array
from jax import numpy as jnp
from jax2onnx import to_onnx

from tests.collection.files import Truth, make, source
from tests.collection.trained import trained

Shape = tuple[int | str, ...]


class Perceptron(nnx.Module):
    def __init__(self, rngs: nnx.Rngs) -> None:
        self.first = nnx.Linear(20, 64, rngs=rngs)
        self.norm = nnx.LayerNorm(64, rngs=rngs)
        self.last = nnx.Linear(64, 5, rngs=rngs)

    def __call__(self, x: Array) -> Array:
        return nnx.softmax(self.last(nnx.gelu(self.norm(self.first(x)))))


class Convolutional(nnx.Module):
    def __init__(self, rngs: nnx.Rngs) -> None:
        self.stem = nnx.Conv(3, 16, (3, 3), rngs=rngs)
        self.norm = nnx.BatchNorm(16, use_running_average=True, rngs=rngs)
        self.deep = nnx.Conv(16, 32, (3, 3), strides=2, rngs=rngs)
        self.head = nnx.Linear(32 * 8 * 8, 10, rngs=rngs)

    def __call__(self, image: Array) -> Array:
        x = nnx.avg_pool(nnx.relu(self.norm(self.stem(image))), window_shape=(2, 2), strides=(2, 2))
        x = nnx.silu(self.deep(x))
        return self.head(x.reshape(x.shape[0], -1))


class Residual(nnx.Module):
    """Blocks of a residual network, with an average over all pixels at the end."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        self.stem = nnx.Conv(3, 24, (3, 3), rngs=rngs)
        self.blocks = nnx.List([nnx.Conv(24, 24, (3, 3), rngs=rngs) for _ in range(4)])
        self.norms = nnx.List([nnx.GroupNorm(24, 6, rngs=rngs) for _ in range(4)])
        self.head = nnx.Linear(24, 10, rngs=rngs)

    def __call__(self, image: Array) -> Array:
        x = self.stem(image)
        for block, norm in zip(self.blocks, self.norms, strict=True):
            x = x + block(nnx.relu(norm(x)))
        return self.head(x.mean((1, 2)))


class Transformer(nnx.Module):
    """Layers of a Transformer over words, with a causal mask."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        self.embedding = nnx.Embed(300, 32, rngs=rngs)
        self.attentions = nnx.List(
            [nnx.MultiHeadAttention(4, 32, decode=False, rngs=rngs) for _ in range(2)]
        )
        self.norms = nnx.List([nnx.LayerNorm(32, rngs=rngs) for _ in range(2)])
        self.layers = nnx.List([nnx.Linear(32, 32, rngs=rngs) for _ in range(2)])

    def __call__(self, words: Array) -> Array:
        x = self.embedding(words)
        mask = jnp.tril(jnp.ones((words.shape[1], words.shape[1]), bool))
        for attention, norm, layer in zip(self.attentions, self.norms, self.layers, strict=True):
            x = x + attention(norm(x), mask=mask)
            x = x + nnx.gelu(layer(x))
        return self.embedding.attend(x)


class Recurrent(nnx.Module):
    """An LSTM or a GRU over time, which becomes a Loop or a Scan."""

    def __init__(self, cell: type[nnx.RNNCellBase], states: int, rngs: nnx.Rngs) -> None:
        self.states = states
        self.cell = cell(12, 24, rngs=rngs)
        self.head = nnx.Linear(24, 3, rngs=rngs)

    def __call__(self, x: Array) -> Array:
        start = (jnp.zeros((x.shape[0], 24)),) * self.states
        carry = start if self.states > 1 else start[0]
        _, hidden = jax.lax.scan(self.cell, carry, x.swapaxes(0, 1))
        return self.head(hidden[-1])


class Autoencoder(nnx.Module):
    def __init__(self, rngs: nnx.Rngs) -> None:
        self.encoder = nnx.Conv(1, 8, (3, 3), strides=2, rngs=rngs)
        self.decoder = nnx.ConvTranspose(8, 1, (3, 3), strides=(2, 2), rngs=rngs)

    def __call__(self, image: Array) -> Array:
        return nnx.sigmoid(self.decoder(nnx.relu(self.encoder(image))))


def train(tree: object) -> object:
    """Give every array of a tree seeded values of its own."""
    leaves, structure = jax.tree_util.tree_flatten_with_path(tree)
    values = [
        trained(np.asarray(leaf), number, positive="'var'" in jax.tree_util.keystr(path))
        for number, (path, leaf) in enumerate(leaves)
    ]
    return jax.tree.unflatten(structure, [jnp.asarray(value, jnp.float32) for value in values])


def flax(make_model: Callable[[nnx.Rngs], nnx.Module]) -> tuple[nnx.Module, object]:
    """A Flax network and its parameters."""
    model = make_model(rngs=nnx.Rngs(0))
    if hasattr(model, "eval"):
        model.eval()
    nnx.update(model, train(nnx.state(model, (nnx.Param, nnx.BatchStat))))
    return model, nnx.state(model, nnx.Param)


def equinox(make_model: Callable[[Array], eqx.Module]) -> tuple[Callable, object]:
    """An Equinox network over a batch, and its parameters."""
    parameters, rest = eqx.partition(make_model(key=jax.random.key(0)), eqx.is_inexact_array)
    parameters = train(parameters)
    return jax.vmap(eqx.combine(parameters, rest)), parameters


def eqx_convolutional(key: Array) -> eqx.Module:
    first, second, third = jax.random.split(key, 3)
    return eqx.nn.Sequential(
        [
            eqx.nn.Conv2d(3, 8, 3, key=first),
            eqx.nn.Lambda(jax.nn.relu),
            eqx.nn.MaxPool2d(2, 2),
            eqx.nn.Conv2d(8, 16, 3, key=second),
            eqx.nn.Lambda(jax.nn.swish),
            eqx.nn.Lambda(jnp.ravel),
            eqx.nn.Linear(16 * 25, 10, key=third),
        ]
    )


NETWORKS = {
    "perceptron": (partial(flax, Perceptron), ("batch", 20), jnp.float32),
    "convolutional": (partial(flax, Convolutional), (2, 32, 32, 3), jnp.float32),
    "residual": (partial(flax, Residual), ("batch", 24, 24, 3), jnp.float32),
    "transformer": (partial(flax, Transformer), (2, 10), jnp.int32),
    "lstm": (partial(flax, partial(Recurrent, nnx.LSTMCell, 2)), (2, 9, 12), jnp.float32),
    "gru": (partial(flax, partial(Recurrent, nnx.GRUCell, 1)), (2, 9, 12), jnp.float32),
    "autoencoder": (partial(flax, Autoencoder), (2, 16, 16, 1), jnp.float32),
    "equinox_mlp": (
        partial(equinox, partial(eqx.nn.MLP, 12, 4, 32, 3)),
        ("batch", 12),
        jnp.float32,
    ),
    "equinox_convolutional": (partial(equinox, eqx_convolutional), (2, 3, 16, 16), jnp.float32),
}


def convert(
    build: Callable[[], tuple[Callable, object]], shape: Shape, kind: type, opset: int, path: Path
) -> Truth:
    """Convert a network."""
    model, parameters = build()
    put = jax.ShapeDtypeStruct(shape, kind) if all(isinstance(n, int) for n in shape) else shape
    onnx.save(to_onnx(model, [put], opset=opset), path)
    return Truth(
        source=source("jax2onnx", "jax", "flax", "equinox", how=f"opset {opset}"),
        parameters=sum(leaf.size for leaf in jax.tree.leaves(parameters)),
    )


if __name__ == "__main__":
    make(
        {name: partial(convert, *row, 23) for name, row in NETWORKS.items()}
        | {f"{name}_opset21": partial(convert, *NETWORKS[name], 21) for name in ("residual", "gru")}
    )
