"""A film of one model: the wave of execution through its scan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gallery.cli.scan import ScanOptions, plan_one, provenance
from gallery.errors import SettingsError
from gallery.execution import run
from gallery.files import write_whole
from gallery.lowering.tiling.targets import target_named
from gallery.pipeline.stages import Stages
from gallery.rendering.film.encode import SUFFIXES, codec_named, encode
from gallery.rendering.film.film import film
from gallery.rendering.film.types import FilmSettings, Timeline
from gallery.rendering.types import RenderSettings
from gallery.settings.gallery_toml import scan_conflicts
from gallery.settings.values import ScanSettings
