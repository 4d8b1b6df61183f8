"""A model of a part as JSON: written where the part is built, and read where parts are merged."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from gallery.discovery.context import CatalogueEntry, Group
from gallery.discovery.discover import LARGEST_SIDECAR, ModelFile
from gallery.discovery.measurements import MeasurementFile
from gallery.errors import DiscoverError
from gallery.pipeline.outcome import Outcome
from gallery.pipeline.plan import ModelPlan
from gallery.pipeline.records import check_failure
from gallery.schema import (
    DIGEST,
    each,
    either,
    nothing,
    record,
    row,
    switch,
    text,
    whole,
)

_PATH = r"(?!/)(?!.*(^|/)\.\.(/|$))[^\x00]+"
"""Relative, and without a way up."""

_measurements = record(
    {
        "name": text(4096),
        "device": text(4096),
        "attributes": each(text(200), 100),
        "digest": text(64, DIGEST + "|"),
        "problem": text(1 << 16),
    }
)

check_model = record(
    {
        "path": text(4096, _PATH),
        "address": text(4096),
        "slug": text(200, r"[a-z0-9]+(-[a-z0-9]+)*"),
        "digest": text(64, DIGEST + "|"),
        "bytes": whole(0, 1 << 62),
        "sidecar": text(4096, _PATH + "|"),
        "sidecar_text": either(text(LARGEST_SIDECAR), nothing),
        "sidecar_problem": text(4096),
        "group": record(
            {
                "lead": text(4096, _PATH + "|"),
                "base": text(4096),
                "label": text(4096),
                "whole": text(4096),
                "role": text(200),
                "rank": whole(0, 1 << 20),
                "twin": text(200),
                "title": text(4096),
                "absent": switch,
            }
        ),
        "catalogue": record(
            {
                "model": text(400),
                "tags": each(text(400), 100),
                "archive": text(400),
                "archive_sha": text(400),
                "archive_bytes": whole(0, 1 << 62),
            }
        ),
        "notes": each(text(4096), 100),
        "problem": either(row(text(1 << 16), text(1 << 16)), nothing),
        "measurements": each(_measurements, 100),
        "failure": either(check_failure, nothing),
        "smaller": switch,
    }
)
"""What a row may hold: it comes from another machine."""


def model_row(plan: ModelPlan, one: Outcome | None) -> dict[str, Any]:
    """The row of a model, with how making it ended, if it was made."""
    file, failure = plan.file, one.failure if one else None
    problem = file.problem
    return {
        "path": file.relative,
        "address": file.address,
        "slug": file.slug,
        "digest": file.digest,
        "bytes": file.bytes,
        "sidecar": file.sidecar,
        "sidecar_text": file.sidecar_text,
        "sidecar_problem": file.sidecar_problem,
        "group": asdict(file.group),
        "catalogue": {**asdict(file.catalogue), "tags": list(file.catalogue.tags)},
        "notes": list(file.notes),
        "problem": [problem.found, problem.hint] if problem else None,
        "measurements": [
            {
                "name": one.name,
                "device": one.device,
                "attributes": list(one.attributes),
                "digest": one.digest,
                "problem": one.problem,
            }
            for one in file.measurements
        ],
        "failure": asdict(failure) if failure else None,
        "smaller": one is not None and one.plan != plan,
    }


def file_of(row: dict[str, Any]) -> ModelFile:
    """The model of a row that has been checked."""
    problem = DiscoverError(row["problem"][0], hint=row["problem"][1]) if row["problem"] else None
    return ModelFile(
        path=Path(),  # it is not on this machine
        relative=row["path"],
        slug=row["slug"],
        address=row["address"],
        digest=row["digest"],
        bytes=row["bytes"],
        sidecar=row["sidecar"],
        sidecar_text=row["sidecar_text"],
        sidecar_problem=row["sidecar_problem"],
        group=Group(**row["group"]),
        catalogue=CatalogueEntry(**{**row["catalogue"], "tags": tuple(row["catalogue"]["tags"])}),
        notes=tuple(row["notes"]),
        problem=problem,
        measurements=tuple(
            MeasurementFile(**{**one, "attributes": tuple(one["attributes"])})
            for one in row["measurements"]
        ),
    )
