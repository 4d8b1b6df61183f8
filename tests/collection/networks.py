"""PyTorch networks of many kinds that several recipes export, and their inputs."""

from __future__ import annotations

from torch import nn

from tests.collection.picture_networks import VAE, YOLO, Denoiser, Graph, PointNet, UNet, generator
from tests.collection.sequence_networks import (
    GPT,
    Encoder,
    Mixture,
    Speech,
    Tagger,
    Translator,
    WaveNet,
)
from tests.collection.torch_network import BATCH, Input, Network

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
