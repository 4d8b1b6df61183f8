"""PyTorch networks of many kinds with seeded random weights, and inputs to export them with."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.collection.torch_weights import train


@dataclass(frozen=True, slots=True)
class Input:
    """An input: its name, sizes, the axes whose size may change, and a bound of integer values."""

    name: str
    shape: tuple[int, ...]
    dynamic: dict[int, str] = field(default_factory=dict)
    below: int | None = None
    """Values are integers from 0 up to this; None for floats."""

    def value(self) -> Tensor:
        """Random values."""
        if self.below is None:
            return torch.randn(self.shape)
        return torch.randint(self.below, self.shape)


@dataclass(frozen=True, slots=True)
class Network:
    """A function that makes the network, and its inputs."""

    make: Callable[[], nn.Module]
    inputs: tuple[Input, ...]

    def built(self) -> tuple[nn.Module, tuple[Tensor, ...]]:
        """The network in evaluation mode and values of its inputs, the same in every run."""
        torch.manual_seed(0)
        return train(self.make().eval()), tuple(put.value() for put in self.inputs)


def modules_of(model: nn.Module, inputs: tuple[object, ...]) -> list[str]:
    """Names of the modules with parameters of their own that a run calls.

    Without batch normalization, which exporters merge into the convolution before it, and its
    name with it.
    """
    called: dict[str, None] = {}
    hooks = [
        module.register_forward_hook(lambda *_, name=name: called.setdefault(name))
        for name, module in model.named_modules()
        if any(True for _ in module.parameters(recurse=False))
        and not isinstance(module, nn.modules.batchnorm._BatchNorm)
    ]
    with torch.no_grad():
        model(*inputs)
    for hook in hooks:
        hook.remove()
    return [name for name in called if name]


class Tagger(nn.Module):
    """A recurrent network over word embeddings, with a label for each word."""

    def __init__(self, cell: type[nn.RNNBase], *, both: bool = True) -> None:
        super().__init__()
        self.embedding = nn.Embedding(500, 32)
        self.cell = cell(32, 48, num_layers=2, batch_first=True, bidirectional=both)
        self.label = nn.Linear(96 if both else 48, 9)

    def forward(self, words: Tensor) -> Tensor:
        return self.label(self.cell(self.embedding(words))[0])


class Encoder(nn.Module):
    """PyTorch's Transformer encoder with a padding mask."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(500, 64)
        layer = nn.TransformerEncoderLayer(64, 4, 128, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(64, 5)

    def forward(self, words: Tensor) -> Tensor:
        hidden = self.encoder(self.embedding(words), src_key_padding_mask=words == 0)
        return self.head(hidden.mean(1))


class Translator(nn.Module):
    """PyTorch's Transformer with encoder and decoder."""

    def __init__(self) -> None:
        super().__init__()
        self.source, self.target = nn.Embedding(300, 64), nn.Embedding(400, 64)
        self.transformer = nn.Transformer(64, 4, 2, 2, 128, batch_first=True)
        self.head = nn.Linear(64, 400)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        mask = torch.full((target.shape[1], target.shape[1]), -1e9).triu(1)
        hidden = self.transformer(self.source(source), self.target(target), tgt_mask=mask)
        return self.head(hidden)


def double(inner: int, outer: int) -> nn.Sequential:
    """Two convolutions of a U-Net's level."""
    return nn.Sequential(
        nn.Conv2d(inner, outer, 3, padding=1), nn.BatchNorm2d(outer), nn.ReLU(),
        nn.Conv2d(outer, outer, 3, padding=1), nn.BatchNorm2d(outer), nn.ReLU(),
    )  # fmt: skip


class UNet(nn.Module):
    """U-Net for segmentation, with transposed convolutions or interpolation on the way up."""

    def __init__(
        self, widths: tuple[int, ...] = (16, 32, 64, 128), *, learned: bool = True
    ) -> None:
        super().__init__()
        pairs = list(itertools.pairwise(widths))
        self.stem = double(3, widths[0])
        self.down = nn.ModuleList(double(a, b) for a, b in pairs)
        self.grow = nn.ModuleList(
            nn.ConvTranspose2d(b, a, 2, 2)
            if learned
            else nn.Sequential(nn.Upsample(scale_factor=2, mode="bilinear"), nn.Conv2d(b, a, 1))
            for a, b in reversed(pairs)
        )
        self.up = nn.ModuleList(double(2 * a, a) for a, b in reversed(pairs))
        self.head = nn.Conv2d(widths[0], 2, 1)

    def forward(self, image: Tensor) -> Tensor:
        levels = [self.stem(image)]
        for block in self.down:
            levels.append(block(functional.max_pool2d(levels[-1], 2)))
        x = levels.pop()
        for grow, block in zip(self.grow, self.up, strict=True):
            x = block(torch.cat([levels.pop(), grow(x)], 1))
        return self.head(x)


class WaveNet(nn.Module):
    """Dilated causal convolutions with gates and skip connections."""

    def __init__(self, layers: int = 8, width: int = 32) -> None:
        super().__init__()
        self.stem = nn.Conv1d(1, width, 1)
        self.gates = nn.ModuleList(
            nn.Conv1d(width, 2 * width, 2, dilation=2**n) for n in range(layers)
        )
        self.mixes = nn.ModuleList(nn.Conv1d(width, 2 * width, 1) for _ in range(layers))
        self.head = nn.Sequential(
            nn.ReLU(), nn.Conv1d(width, 64, 1), nn.ReLU(), nn.Conv1d(64, 64, 1)
        )

    def forward(self, wave: Tensor) -> Tensor:
        x, skips = self.stem(wave), torch.zeros(1)
        for n, (gate, mix) in enumerate(zip(self.gates, self.mixes, strict=True)):
            a, b = gate(functional.pad(x, (2**n, 0))).chunk(2, 1)
            residual, skip = mix(a.tanh() * b.sigmoid()).chunk(2, 1)
            x, skips = x + residual, skips + skip
        return self.head(skips)


class Speech(nn.Module):
    """Strided convolutions over a waveform, then a Transformer, as in wav2vec 2.0."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv1d(1, 64, 10, 5), nn.GroupNorm(64, 64), nn.GELU(),
            nn.Conv1d(64, 64, 3, 2), nn.GELU(),
            nn.Conv1d(64, 64, 3, 2), nn.GELU(),
            nn.Conv1d(64, 64, 2, 2), nn.GELU(),
        )  # fmt: skip
        self.norm = nn.LayerNorm(64)
        self.position = nn.utils.parametrizations.weight_norm(
            nn.Conv1d(64, 64, 16, padding=8, groups=4), dim=2
        )
        self.blocks = nn.ModuleList(Block(64, 4) for _ in range(2))
        self.head = nn.Linear(64, 30)

    def forward(self, wave: Tensor) -> Tensor:
        x = self.features(wave.unsqueeze(1))
        x = x + functional.gelu(self.position(x)[..., :-1])
        x = self.norm(x.transpose(1, 2))
        for block in self.blocks:
            x = block(x)[0]
        return self.head(x).log_softmax(-1)


class Block(nn.Module):
    """A Transformer layer with its attention written out, or PyTorch's own."""

    def __init__(self, width: int, heads: int, *, fused: bool = False) -> None:
        super().__init__()
        self.heads, self.fused = heads, fused
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(
        self, x: Tensor, mask: Tensor | None = None, past: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        batch, length, width = x.shape
        shape = (batch, length, 3, self.heads, width // self.heads)
        query, key, value = self.qkv(self.norm1(x)).reshape(shape).permute(2, 0, 3, 1, 4).unbind(0)
        if past is not None:
            key, value = torch.cat([past[0], key], 2), torch.cat([past[1], value], 2)
        if self.fused:
            y = functional.scaled_dot_product_attention(query, key, value, mask)
        else:
            scores = query @ key.transpose(-1, -2) / (width // self.heads) ** 0.5
            y = (scores if mask is None else scores + mask).softmax(-1) @ value
        x = x + self.out(y.transpose(1, 2).reshape(batch, length, width))
        return x + self.mlp(self.norm2(x)), key, value


class GPT(nn.Module):
    """A decoder with a causal mask, and with keys and values of earlier tokens if `cached`."""

    def __init__(self, layers: int = 3, *, cached: bool = False, fused: bool = False) -> None:
        super().__init__()
        self.cached = cached
        self.tokens, self.positions = nn.Embedding(400, 64), nn.Embedding(128, 64)
        self.blocks = nn.ModuleList(Block(64, 4, fused=fused) for _ in range(layers))
        self.norm, self.head = nn.LayerNorm(64), nn.Linear(64, 400, bias=False)
        self.head.weight = self.tokens.weight

    def forward(self, tokens: Tensor, *past: Tensor) -> Tensor | tuple[Tensor, ...]:
        before = past[0].shape[2] if past else 0
        length = tokens.shape[1]
        x = self.tokens(tokens) + self.positions(torch.arange(before, before + length))
        rows = torch.arange(before, before + length)[:, None]
        later = torch.arange(before + length)[None] > rows
        mask = torch.zeros(length, before + length).masked_fill(later, -1e9)
        present: list[Tensor] = []
        for n, block in enumerate(self.blocks):
            x, key, value = block(x, mask, (past[2 * n], past[2 * n + 1]) if past else None)
            present += [key, value]
        logits = self.head(self.norm(x))
        return (logits, *present) if self.cached else logits


class PointNet(nn.Module):
    """Pointwise layers and a maximum over all points, after a learned transformation of them."""

    def __init__(self) -> None:
        super().__init__()
        self.align = self.pointwise(3, 32, 128)
        self.turn = nn.Linear(128, 9)
        self.points = self.pointwise(3, 64, 256)
        self.head = nn.Sequential(nn.Linear(256, 64), nn.ReLU(), nn.Linear(64, 10))

    @staticmethod
    def pointwise(*widths: int) -> nn.Sequential:
        pairs = itertools.pairwise(widths)
        layers = [(nn.Conv1d(a, b, 1), nn.BatchNorm1d(b), nn.ReLU()) for a, b in pairs]
        return nn.Sequential(*(part for layer in layers for part in layer))

    def forward(self, points: Tensor) -> Tensor:
        turn = self.turn(self.align(points).amax(2)).reshape(-1, 3, 3) + torch.eye(3)
        return self.head(self.points(turn @ points).amax(2))


class VAE(nn.Module):
    """A variational autoencoder of small images."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 16, 4, 2, 1),
            nn.ReLU(),
            nn.Conv2d(16, 32, 4, 2, 1),
            nn.ReLU(),
            nn.Flatten(),
        )
        self.mean, self.spread = nn.Linear(1568, 16), nn.Linear(1568, 16)
        self.decoder = nn.Sequential(
            nn.Linear(16, 1568), nn.Unflatten(1, (32, 7, 7)), nn.ReLU(),
            nn.ConvTranspose2d(32, 16, 4, 2, 1), nn.ReLU(),
            nn.ConvTranspose2d(16, 1, 4, 2, 1), nn.Sigmoid(),
        )  # fmt: skip

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        hidden = self.encoder(image)
        mean, spread = self.mean(hidden), self.spread(hidden)
        sample = mean + torch.randn_like(mean) * (spread / 2).exp()
        return self.decoder(sample), mean, spread


def generator() -> nn.Sequential:
    """The generator of a DCGAN."""
    widths = (64, 128, 64, 32)
    layers: list[nn.Module] = []
    for n, (a, b) in enumerate(itertools.pairwise(widths)):
        stride, padding = (2, 1) if n else (1, 0)
        layers += [nn.ConvTranspose2d(a, b, 4, stride, padding), nn.BatchNorm2d(b), nn.ReLU()]
    return nn.Sequential(*layers, nn.ConvTranspose2d(32, 3, 4, 2, 1), nn.Tanh())


class Denoiser(nn.Module):
    """A diffusion model's U-Net: sinusoidal time, group normalization, attention at the bottom."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.time = nn.Sequential(nn.Linear(width, 64), nn.SiLU(), nn.Linear(64, 2 * width))
        self.stem = nn.Conv2d(3, width, 3, padding=1)
        self.down = nn.Conv2d(width, 2 * width, 3, 2, 1)
        self.norm = nn.GroupNorm(8, 2 * width)
        self.residual = nn.Conv2d(2 * width, 2 * width, 3, padding=1)
        self.attention = Block(2 * width, 4, fused=True)
        self.up = nn.Conv2d(2 * width, width, 3, padding=1)
        self.head = nn.Conv2d(2 * width, 3, 3, padding=1)

    def forward(self, image: Tensor, step: Tensor) -> Tensor:
        half = self.stem.out_channels // 2
        angle = step[:, None] * torch.exp(torch.arange(half) * (-9.2 / half))
        time = self.time(torch.cat([angle.sin(), angle.cos()], 1))[:, :, None, None]
        first = self.stem(image)
        x = self.down(first)
        x = x + self.residual(functional.silu(self.norm(x + time)))
        batch, channels, height, width = x.shape
        flat = self.attention(x.flatten(2).transpose(1, 2))[0]
        x = flat.transpose(1, 2).reshape(batch, channels, height, width)
        x = self.up(functional.interpolate(x, scale_factor=2.0, mode="nearest"))
        return self.head(torch.cat([first, x], 1))


class Mixture(nn.Module):
    """A mixture of experts whose two best are weighed for each token."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = nn.Linear(32, 4)
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(32, 64), nn.GELU(), nn.Linear(64, 32)) for _ in range(4)
        )

    def forward(self, x: Tensor) -> Tensor:
        best, index = self.gate(x).topk(2)
        every = torch.stack([expert(x) for expert in self.experts], -2)
        chosen = every.gather(-2, index[..., None].expand(*index.shape, x.shape[-1]))
        return (chosen * best.softmax(-1)[..., None]).sum(-2)


class Graph(nn.Module):
    """Two rounds of messages over the edges of a graph."""

    def __init__(self) -> None:
        super().__init__()
        self.message, self.update = nn.Linear(32, 16), nn.Linear(32, 16)
        self.head = nn.Linear(16, 4)

    def forward(self, nodes: Tensor, edges: Tensor) -> Tensor:
        source, target = edges[0], edges[1]
        for _ in range(2):
            sent = self.message(torch.cat([nodes[source], nodes[target]], 1)).relu()
            index = target[:, None].expand_as(sent)
            received = torch.zeros_like(nodes).scatter_add(0, index, sent)
            nodes = self.update(torch.cat([nodes, received], 1)).tanh()
        return self.head(nodes)


class YOLO(nn.Module):
    """A one-stage detector: a pyramid of features and a head of boxes and classes on each level."""

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.ModuleList(
            self.step(a, b, 2) for a, b in ((3, 16), (16, 32), (32, 64), (64, 128))
        )
        self.pool = nn.MaxPool2d(5, 1, 2)
        self.reduce = self.step(512, 64, 1)
        self.merge = self.step(128, 64, 1)
        self.heads = nn.ModuleList(nn.Conv2d(64, 4 + 20, 1) for _ in range(2))

    @staticmethod
    def step(a: int, b: int, stride: int) -> nn.Sequential:
        conv = nn.Conv2d(a, b, 3, stride, 1, bias=False)
        return nn.Sequential(conv, nn.BatchNorm2d(b), nn.SiLU())

    def forward(self, image: Tensor) -> Tensor:
        x, levels = image, []
        for stage in self.stages:
            x = stage(x)
            levels.append(x)
        pooled = [x]
        for _ in range(3):
            pooled.append(self.pool(pooled[-1]))
        deep = self.reduce(torch.cat(pooled, 1))
        wide = functional.interpolate(deep, scale_factor=2.0, mode="nearest")
        fine = self.merge(torch.cat([levels[2], wide], 1))
        found = [head(x).flatten(2) for head, x in zip(self.heads, (fine, deep), strict=True)]
        boxes, classes = torch.cat(found, 2).split((4, 20), 1)
        return torch.cat([boxes.exp(), classes.sigmoid()], 1)


BATCH = {0: "batch"}
SEQUENCE = {0: "batch", 1: "length"}
WORDS = Input("words", (2, 12), SEQUENCE, below=300)
PAST = tuple(
    Input(f"past_{n}_{kind}", (2, 4, 5, 16), {0: "batch", 2: "before"})
    for n in range(3)
    for kind in ("key", "value")
)
PIXELS = Input("image", (2, 3, 64, 64), BATCH)

NETWORKS = {
    "lstm": Network(lambda: Tagger(nn.LSTM), (WORDS,)),
    "lstm_forward": Network(lambda: Tagger(nn.LSTM, both=False), (WORDS,)),
    "gru": Network(lambda: Tagger(nn.GRU), (WORDS,)),
    "rnn": Network(lambda: Tagger(nn.RNN), (WORDS,)),
    "encoder": Network(Encoder, (WORDS,)),
    "translator": Network(
        Translator, (WORDS, Input("target", (2, 9), {0: "batch", 1: "target"}, below=400))
    ),
    "unet": Network(UNet, (PIXELS,)),
    "unet_interpolated": Network(lambda: UNet(learned=False), (PIXELS,)),
    "wavenet": Network(WaveNet, (Input("wave", (2, 1, 512), {0: "batch", 2: "samples"}),)),
    "speech": Network(Speech, (Input("wave", (2, 1600), {0: "batch", 1: "samples"}),)),
    "gpt": Network(GPT, (WORDS,)),
    "gpt_fused": Network(lambda: GPT(fused=True), (WORDS,)),
    "gpt_cached": Network(lambda: GPT(cached=True), (WORDS, *PAST)),
    "pointnet": Network(PointNet, (Input("points", (2, 3, 200), {0: "batch", 2: "points"}),)),
    "vae": Network(VAE, (Input("image", (2, 1, 28, 28), BATCH),)),
    "gan": Network(generator, (Input("noise", (2, 64, 1, 1), BATCH),)),
    "denoiser": Network(
        Denoiser, (Input("image", (2, 3, 32, 32), BATCH), Input("step", (2,), BATCH))
    ),
    "mixture": Network(Mixture, (Input("x", (2, 10, 32), SEQUENCE),)),
    "graph": Network(
        Graph,
        (Input("nodes", (20, 16), {0: "nodes"}), Input("edges", (2, 60), {1: "edges"}, below=20)),
    ),
    "yolo": Network(YOLO, (Input("image", (2, 3, 128, 128), BATCH),)),
}
