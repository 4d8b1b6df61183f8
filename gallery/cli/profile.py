"""Where the time of one model goes, as it runs on this machine."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gallery.cli.output import check_output
from gallery.errors import ProfileError
from gallery.files import write_whole
from gallery.loading.load import load
from gallery.measuring.files import FORMAT
from gallery.measuring.here import Trial, measure
from gallery.measuring.joining import join
from gallery.measuring.sums import Rows, sums
from gallery.measuring.types import Measurement, MeasurementError, MeasuringLimitError
from gallery.model import Model
from gallery.settings.values import ProfileSettings
from gallery.text import amount, cut, printable

_SUFFIXES = (".json", ".csv")
_NAME = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A model and how long its operators take.

    Attributes:
        model: The model.
        measurement: Its times.
        notes: What could not be measured, in sentences.
    """

    model: Model
    measurement: Measurement
    notes: tuple[str, ...]

    def value(self) -> dict[str, Any]:
        """The times of all operators as JSON, which `gallery.measuring.files.read` reads."""
        one, operators, layers = self.measurement, self.model.operators, self.model.layers
        rows = [
            {
                "index": index,
                "name": operators[index].name,
                "type": operators[index].type,
                "layer": layers[operators[index].layer].path,
                "seconds": seconds,
            }
            for index, seconds in enumerate(one.values)
            if seconds is not None
        ]
        told = {"format": FORMAT, "model": self.model.name, "digest": self.model.digest}
        times = {"run": one.run, "total": one.total, "apart": one.apart, "lost": one.lost}
        return {**told, "device": one.device, **times, "operators": rows}


def measured(path: Path, dims: Mapping[str, int], settings: ProfileSettings) -> Profile:
    """Run a model and measure its operators.

    Raises:
        LoadError: The file cannot be read as an ONNX model.
        ProfileError: The model cannot be run here.
    """
    model = load(path, dims=dims)
    trial = Trial(
        dims=dims,
        threads=settings.threads,
        level=settings.optimization,
        seconds=settings.seconds,
        memory=settings.memory,
    )
    try:
        joined = join(measure(path, trial), model, source="", device="")
    except MeasurementError as error:
        hint = "measure it where it runs, and put the profile beside the model"
        if isinstance(error, MeasuringLimitError):
            hint = f"raise --seconds or --memory, or {hint}"
        raise ProfileError(str(error), model.name, hint) from error
    if not joined.measurements:
        raise ProfileError("; ".join(joined.notes), model.name)
    return Profile(model=model, measurement=joined.measurements[0], notes=joined.notes)


def check_table(path: Path) -> None:
    """Check before the run that its result can be written.

    Raises:
        SettingsError: It cannot.
    """
    hint = "end its name in .csv or, to have it shown beside MODEL, in .profile.json"
    check_output(path, "a table of times", _SUFFIXES, hint)


def write(found: Profile, path: Path) -> None:
    """Write the times of all operators, as JSON or CSV by the suffix."""
    if path.suffix.lower() == ".json":
        write_whole(path, (json.dumps(found.value(), indent=1) + "\n").encode())
        return
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["name", "type", "layer", "seconds"])
    for one in found.value()["operators"]:
        rows.writerow([one[name] for name in ("name", "type", "layer", "seconds")])
    write_whole(path, text.getvalue().encode("utf-8", "replace"))


def table(found: Profile) -> str:
    """Sums by operator type and layer and the longest operators, as lines of text."""
    one = found.measurement
    lines = [
        f"{'model':<12} {printable(found.model.name)}",
        f"{'machine':<12} {printable(one.device)}",
        f"{'run':<12} {amount(one.run, 's')}, the median",
        f"{'operators':<12} {_share(one.total - one.apart - one.lost, one.run)}",
    ]
    named = (("layouts", one.apart), ("not joined", one.lost), ("between", one.run - one.total))
    lines += [f"{name:<12} {_share(value, one.run)}" for name, value in named if value > 0]
    for title, rows in sums(one, found.model).items():
        lines += ["", f"by {title.removesuffix('s')}" if title != "operators" else "longest"]
        lines += _lines(rows, one.total)
    return "\n".join(lines)


def _lines(rows: Rows, total: float) -> list[str]:
    names = [cut(printable(str(name)), _NAME) or "(others)" for name, _ in rows]
    wide = max(map(len, names), default=0)
    return [
        f"  {name:<{wide}}  {_share(float(value), total)}"
        for name, (_, value) in zip(names, rows, strict=True)
    ]


def _share(value: float, total: float) -> str:
    return f"{amount(value, 's'):>8} {100 * value / total if total else 0:5.1f} %"
