"""Which models are components of one: an encoder and its decoder, the networks of a diffusion.

The names are those of Optimum, transformers.js, diffusers, sherpa-onnx and ONNX Runtime GenAI,
whose genai_config.json says which file is what.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

from gallery.errors import DiscoverError
from gallery.files import read_regular

CONFIG = "genai_config.json"
"""Where ONNX Runtime GenAI keeps which file of a folder is which component."""

LARGEST_CONFIG = 1 << 20

ROLES: tuple[tuple[str, ...], ...] = (
    ("tokenizer",),
    ("preprocess",),
    ("preprocessor",),
    ("feature", "extractor"),
    ("frontend",),
    ("vad",),
    ("det",),
    ("cls",),
    ("rec",),
    ("vision",),
    ("vision", "encoder"),
    ("image", "encoder"),
    ("visual",),
    ("speech",),
    ("audio", "encoder"),
    ("speech", "encoder"),
    ("prompt", "encoder"),
    ("text",),
    ("text", "encoder"),
    ("text", "encoder", "2"),
    ("text", "encoder", "3"),
    ("embed", "tokens"),
    ("embedding",),
    ("embeddings",),
    ("text", "embedding"),
    ("text", "embeddings"),
    ("prepare", "inputs", "embeds"),
    ("duration", "predictor"),
    ("encode",),
    ("encoder",),
    ("vae", "encoder"),
    ("controlnet",),
    ("prior",),
    ("unet",),
    ("transformer",),
    ("flow", "lm"),
    ("language",),
    ("vector", "estimator"),
    ("prompt", "encoder", "mask", "decoder"),
    ("mask", "decoder"),
    ("uncached", "decode"),
    ("cached", "decode"),
    ("decoder",),
    ("decoder", "with", "past"),
    ("decoder", "merged"),
    ("decoder", "joint"),
    ("joiner",),
    ("joint",),
    ("lm", "head"),
    ("gen", "head"),
    ("gen", "img", "embeds"),
    ("image", "decode"),
    ("conditional", "decoder"),
    ("decoder", "postnet", "and", "vocoder"),
    ("encodec", "decode"),
    ("vae", "decoder"),
    ("vqvae",),
    ("vocoder",),
    ("detokenizer",),
    ("postprocess",),
    ("safety", "checker"),
)
"""Roles as the words of a name, in the order in which data flows."""

_RANKS = {role: rank for rank, role in enumerate(ROLES)}
_GENERIC = frozenset({"model", "network", "onnx"})
_SEPARATORS = re.compile(r"[_.\s-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A model's place among the components of a larger one.

    Attributes:
        whole: Path of the whole: its folder and, where files there are named after it, its name.
        role: What the component is in it ("decoder with past").
        rank: Its place in the order in which data flows, from 0.
    """

    whole: str
    role: str
    rank: int


def components(
    bases: Mapping[str, str],
    configs: Mapping[str, Mapping[str, str]],
    cards: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Component]:
    """The place of each model that is a component of another, by the model's path.

    Args:
        bases: Path without suffix and precision of each model, by its path.
        configs: Role of each file in a genai_config.json, by file name, by the folder's path.
        cards: Path of the card above each model, by the model's path. Models that have a card each
            are not components: a larger model has one, or its components have none.
    """
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for path, base in bases.items():
        folder, name = posixpath.split(path)
        if role := configs.get(folder, {}).get(name):
            found[posixpath.dirname(base)][path] = role
        elif folder not in configs and (named := role_of(base)):
            found[named[0]][path] = named[1]
    return {
        path: Component(whole=whole, role=members[path], rank=rank)
        for whole, members in found.items()
        if len(set(members.values())) > 1 and not _have_a_card_each(members, cards)
        for rank, path in enumerate(sorted(members, key=lambda one: (_rank(members[one]), one)))
    }


def _have_a_card_each(members: Mapping[str, str], cards: Mapping[str, str]) -> bool:
    told = {cards.get(path, "") for path in members}
    return "" not in told and len(told) == len(set(members.values()))


def config_roles(folder: Path) -> tuple[dict[str, str], list[str]]:
    """Role of each file that the genai_config.json in a folder names, and what is wrong with it.

    Args:
        folder: Any folder; most have no such file.
    """
    path = folder / CONFIG
    if not path.is_file():
        return {}, []
    try:
        value = json.loads(read_regular(path, LARGEST_CONFIG))
    except (DiscoverError, ValueError, RecursionError) as error:
        told = error.found if isinstance(error, DiscoverError) else "it is not JSON"
        return {}, [f"{CONFIG} is not read, because {told}"]
    model = value.get("model") if isinstance(value, dict) else None
    roles = dict(_roles_in(model)) if isinstance(model, dict) else {}
    if not roles:
        return {}, [f"{CONFIG} names no files of the model; each component has a `filename`"]
    missing = [name[:80] for name in roles if not _inside(folder, name)]
    notes = [f"{CONFIG} names {name!r}, which is not there" for name in missing[:5]]
    return roles, notes


def _roles_in(model: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """File name and role of each component that a configuration lists."""
    for role, one in model.items():
        if not isinstance(one, dict):
            continue
        if isinstance(one.get("filename"), str):
            yield one["filename"], role.replace("_", " ")[:40]
        steps = one.get("pipeline")
        for step in steps if isinstance(steps, list) else ():
            for name, part in step.items() if isinstance(step, dict) else ():
                if isinstance(part, dict) and isinstance(part.get("filename"), str):
                    yield part["filename"], str(name).replace("_", " ")[:40]


def _inside(folder: Path, name: str) -> bool:
    """Whether a plain name is that of something in a folder."""
    return PurePosixPath(name).name == name and (folder / name).exists()


def role_of(base: str) -> tuple[str, str] | None:
    """The whole that a model is a component of, by its name or its folder's, and its role."""
    folder, name = posixpath.split(base)
    words = _words(name)
    for length in range(len(words), 0, -1):
        for at in range(len(words) - length + 1):
            if tuple(words[at : at + length]) in _RANKS:
                rest = "-".join(words[:at] + words[at + length :])
                return posixpath.join(folder, rest), " ".join(words[at : at + length])
    above, own = posixpath.split(folder)
    if not words and tuple(_words(own)) in _RANKS:
        return above, " ".join(_words(own))
    return None


def _words(name: str) -> list[str]:
    return [word for word in _SEPARATORS.split(name.lower()) if word and word not in _GENERIC]


def _rank(role: str) -> int:
    """Place of a role in the order of data; roles that only a configuration knows come last."""
    return _RANKS.get(tuple(role.split()), len(ROLES))
