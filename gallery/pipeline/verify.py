"""Verifies a site: makes files of it again from the models and compares them, file by file.

Nothing that the site or its build left behind is used: the cache is new and temporary. A sample of
the models is made again, or all of them; pages and files that show several models can be compared
only where all are.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gallery.cache import Cache
from gallery.errors import SettingsError
from gallery.files import SUMS, encode_sums, file_digest, listing, read_sums
from gallery.pipeline.build import planned
from gallery.pipeline.models import Gallery
from gallery.pipeline.next_site import NextSite
from gallery.pipeline.options import BuildOptions
from gallery.pipeline.ownership import sums_of
from gallery.pipeline.pictures import site_files
from gallery.pipeline.plan import ModelPlan
from gallery.pipeline.report import ModelReport
from gallery.pipeline.schedule import make
from gallery.pipeline.site import site_settings, write_site
from gallery.publishing.settings import check_site
from gallery.rendering.provenance import software
from gallery.settings.gallery_toml import checked
from gallery.settings.values import GallerySettings

SAME, DIFFERENT, MISSING, FOREIGN = "same", "different", "missing", "not made from here"
VERDICTS = (SAME, DIFFERENT, MISSING, FOREIGN)

_HASHED = re.compile(r"(assets/.+)\.[0-9a-f]{8}(\.\w+)")
"""A name that changes with the file's content."""

_SHARED = re.compile(
    r".*\.html|manifest\.json|ONNX_HUB_MANIFEST\.json|results\.json|feed\.xml|sitemap\.xml|"
    r"assets/(collection|icon|gallery)(\.\w+)?\.\w+"
)
"""Files that depend on all models."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Which models to make again.

    Attributes:
        percent: Share of the models, at least one of them; 100 for all.
        seed: Another seed chooses other models.
    """

    percent: float = 5.0
    seed: int = 0

    def of(self, plans: Sequence[ModelPlan]) -> list[ModelPlan]:
        """The chosen models with their exports, in order; content and paths decide which."""

        def rank(plan: ModelPlan) -> str:
            text = f"{self.seed}\0{plan.file.digest}\0{plan.file.relative}"
            return hashlib.sha256(text.encode()).hexdigest()

        heads = [plan for plan in plans if not plan.file.group.lead]
        count = max(1, math.ceil(len(heads) * self.percent / 100))
        chosen = {plan.file.relative for plan in sorted(heads, key=rank)[:count]}
        return [plan for plan in plans if (plan.file.group.lead or plan.file.relative) in chosen]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What became of each file.

    Attributes:
        files: One of `VERDICTS` for each compared file, by its path.
        models: Reports on the models that were made again.
        others: Number of models that were not.
        skipped: Number of the site's files that were not compared, as they show those as well.
        warnings: Reasons why files may differ.
    """

    files: Mapping[str, str]
    models: tuple[ModelReport, ...]
    others: int
    skipped: int
    warnings: tuple[str, ...]

    def count(self, verdict: str) -> int:
        """Number of files with a verdict."""
        return Counter(self.files.values())[verdict]

    @property
    def same(self) -> bool:
        """Whether every compared file is the same."""
        return self.count(SAME) == len(self.files)


def verify(
    site: Path,
    models: Path,
    *,
    settings: GallerySettings,
    sample: Sample | None = None,
    options: BuildOptions | None = None,
) -> Verification:
    """Make files of a site again and compare them.

    Args:
        site: The site.
        models: The models that it should be made of.
        settings: The settings that it should be made with.
        sample: Which models to make again.
        options: Workers, links and listener of the build; its cache is not used.

    Raises:
        SettingsError: The directory is not a site, or a setting is wrong.
        DiscoverError: `models` is not a directory, or holds no models.
    """
    settings, options = checked(settings), options or BuildOptions()
    check_site(site_settings(settings))
    manifest = _manifest(site)
    plans = planned(models, settings, options)
    chosen = (sample or Sample()).of(plans)
    whole = len(chosen) == len(plans)
    with tempfile.TemporaryDirectory(prefix="gallery-verify-") as folder:
        cache, again = Cache(Path(folder) / "cache"), Path(folder) / "site"
        static, _ = site_files(models, plans)
        gallery = Gallery(plans=chosen, settings=settings, cache=cache, static=static)
        gallery = replace(gallery, outcomes=make(chosen, cache, options))
        again.mkdir()
        write_site(gallery, NextSite(place=again, cache=cache, folder=again))
        made = sums_of(again)
    fixed = gallery.static.keys()
    if whole:
        made[SUMS] = hashlib.sha256(encode_sums(made)).hexdigest()
    own = {name for name in {*read_sums(site), SUMS} if whole or name != SUMS}
    slugs = [plan.file.slug for plan in plans]
    wanted = {plan.file.slug for plan in chosen}

    def compared(name: str) -> bool:
        owner = _owner(name, slugs)
        apart = name in fixed or not (_SHARED.fullmatch(name) or _is_figure(name, owner))
        return whole or (apart and (owner in wanted or not owner))

    made = {name: digest for name, digest in made.items() if compared(name)}
    there = {name for name in own if compared(name)}
    return Verification(
        files=_verdicts(made, _digests(site, there | made.keys()), there),
        models=gallery.report().models,
        others=len(plans) - len(chosen),
        skipped=len(own) - len(there),
        warnings=tuple(_warnings(manifest, chosen)),
    )


def _manifest(site: Path) -> dict[str, Any]:
    """The site's manifest.

    Raises:
        SettingsError: There is none.
    """
    path = site / "manifest.json"
    try:
        if not path.is_file():
            raise ValueError("it has no manifest.json")
        value = json.loads(path.read_bytes())
        if not isinstance(value, dict) or not read_sums(site):
            raise ValueError("it does not list its files")
    except (OSError, ValueError, RecursionError) as error:
        found = f"{site} is not a site: {error}"
        raise SettingsError(
            found, hint=f"give a directory with manifest.json and {SUMS}"
        ) from error
    return value


def _digests(site: Path, names: Iterable[str]) -> dict[str, str]:
    """The digest of each file that is there; what is not a regular file of the site has none."""
    sizes = listing(site)
    return {name: file_digest(site / name) for name in names if sizes.get(name, -1) >= 0}


def _verdicts(
    made: Mapping[str, str], found: Mapping[str, str], listed: Iterable[str]
) -> dict[str, str]:
    """Compare by name; names that differ only in the hash within are paired.

    Args:
        made: Digest of each file that was made again.
        found: Digest of each file that the site holds.
        listed: Names that the site lists.
    """
    verdicts: dict[str, str] = {}
    renamed = defaultdict(list)
    for name, digest in made.items():
        if name in found:
            verdicts[name] = SAME if found[name] == digest else DIFFERENT
        elif name in listed:
            verdicts[name] = MISSING
        else:
            renamed[_unhashed(name)].append(name)
    for name in sorted(set(listed) - made.keys()):
        pairs = renamed[_unhashed(name)]
        if name not in found:
            verdicts[name] = MISSING
        else:
            verdicts[name] = DIFFERENT if pairs else FOREIGN
        del pairs[:1]
    verdicts |= {name: MISSING for names in renamed.values() for name in names}
    return dict(sorted(verdicts.items()))


def _unhashed(name: str) -> str:
    match = _HASHED.fullmatch(name)
    return match[1] + match[2] if match else name


def _owner(name: str, slugs: Iterable[str]) -> str:
    """The model that a file shows, or "": the longest slug that its name begins with."""
    fits = (one for one in slugs if name.startswith((f"{one}/", f"assets/{one}-")))
    return max(fits, key=len, default="")


def _is_figure(name: str, owner: str) -> bool:
    """Whether it is a figure of the page on reading a scan, which shows the best of all models."""
    return bool(owner) and name.startswith(f"assets/{owner}-lesson-")


def _warnings(manifest: Mapping[str, Any], chosen: Sequence[ModelPlan]) -> Iterable[str]:
    made_by = _text(manifest, "provenance", "software")
    if made_by != software():
        yield f"the site was made by {made_by or 'another version'}, not by {software()}"
    known = manifest.get("models")
    rows = {_text(one, "path"): one for one in (known if isinstance(known, list) else ())}
    for plan in chosen:
        source, now = _text(rows.get(plan.file.relative), "provenance", "source"), plan.source
        if source and now and source != now:
            yield f"{plan.file.relative} is {now}; the site was made of {source}"


def _text(value: object, *keys: str) -> str:
    """A text within a value that may have any form, or ""."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""
