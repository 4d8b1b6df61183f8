"""PyTorch networks that read words or sound."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


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
