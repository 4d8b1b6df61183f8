"""PyTorch networks that read or make pictures, clouds of points or graphs."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.collection.sequence_networks import Block


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
