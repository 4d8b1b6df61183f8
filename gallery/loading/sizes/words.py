"""What the names of dimensions and of inputs say, in the words that exporters use."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a dimension counts; `candidates.COMMON` has the sizes."""

    BATCH = "batch"
    PIXELS = "pixels"
    LATENTS = "latents"
    VOXELS = "voxels"
    PICTURES = "pictures"
    SEQUENCE = "sequence"
    SAMPLES = "samples"
    FRAMES = "frames"
    POINTS = "points"
    PAST = "past"
    TOTAL = "total"
    CHANNELS = "channels"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """What a dimension stands for.

    Attributes:
        role: What it counts.
        size: The size that weights give it, or 0.
    """

    role: Role
    size: int = 0


def role_of(name: str) -> Role | None:
    """What a name says that its dimension counts, or None.

    >>> role_of("pastSequenceLength"), role_of("unk__12")
    (<Role.PAST: 'past'>, None)
    """
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    if _MADE_UP.fullmatch(text):
        return None
    return next((role for pattern, role in _NAMES if pattern.search(text)), None)


_MADE_UP = re.compile(r"unk__\d+|.*dynamicdimension\.\d+|s\d+|\W*|.*\[\d+\]|dim_?\d*|\w*axes?_?\d*")
"""Names of dimensions that exporters make up."""

_NAMES: Sequence[tuple[re.Pattern[str], Role]] = tuple(
    (re.compile(pattern), role)
    for pattern, role in (
        (r"batch|^(n|b|bs|bsz|nb)$|^n_?batch|num_(images|examples|crops)", Role.BATCH),
        (r"total|attention_mask|past.*(\+|plus).*seq|kv_(seq|len)|^all_", Role.TOTAL),
        (r"(past|cache|kv|head)\w*dim$|num_(kv_)?heads", Role.OTHER),
        (r"past|cache", Role.PAST),
        (
            r"^(h|w|ih|iw|hh|ww|y|x)$|height|width|(^|_)(img|image|pixel)s?_?(h|w|size)?$",
            Role.PIXELS,
        ),
        (r"mel|frame|spectr|fbank|(^|_)feat(ure)?s?_?(len|length|size)$", Role.FRAMES),
        (r"sample|audio|wav|pcm|signal", Role.SAMPLES),
        (r"point|vert(ex|ices)|pcd", Role.POINTS),
        (
            r"seq|len|tok|time|text|word|phon|char|position|node|edge|atom|^(t|l|s|steps?)$",
            Role.SEQUENCE,
        ),
    )
)

PAST_INPUT = re.compile(r"past|cache|key_values|mems?(_|\d|$)")
KEYS_INPUT = re.compile(r"(^|[._])(k|v|kv)([._]|\d|$)")
QUERY_INPUT = re.compile(r"(^|[._])q(uer(y|ies))?([._]|\d|$)")
STATE_INPUT = re.compile(
    r"state(?!s)|^r\d+i$|hidden(?!_states)|(^|_)(h|c|hx|cx|hn|cn|h0|c0|rnn|gru|lstm)\d*($|_)"
)
TEXT_INPUT = re.compile(r"ids|mask|token|position|segment|text|phon")
SOUND_INPUT = re.compile(r"audio|wav|sound|speech|pcm|signal|input_values")
FRAMES_INPUT = re.compile(r"mel|fbank|spec|feats?$|features$|mfcc")
IMAGE_INPUT = re.compile(r"image|img|pixel|photo|picture|frame")
LATENT_INPUT = re.compile(r"latent|^(noisy_|noise_)?sample$|^z$")
POINT_INPUT = re.compile(r"point|pcd|cloud")


COLOURS = (1, 3, 4)
"""How many channels pictures have."""
_LATENT_CHANNELS = (4, 8, 16)
BANDS = (40, 64, 80, 96, 120, 128)
"""How many bands spectrograms usually have."""
PICTURE = 3
"""Least rank of a picture."""


def is_latent(owner: str, shape: Sequence[object]) -> bool:
    """Whether an input of this name and shape is a picture in the code of an autoencoder."""
    deep = len(shape) == 4 and shape[1] in _LATENT_CHANNELS
    return deep and bool(LATENT_INPUT.search(owner))


def has_bands(shape: Sequence[object]) -> bool:
    """Whether an axis has as many elements as spectrograms have bands."""
    return any(size in BANDS for size in shape[1:])
