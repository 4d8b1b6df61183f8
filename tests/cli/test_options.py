"""Options that set settings: every one has its choices, help and default, and arrives."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from gallery.cli.arguments.parser import parser
from gallery.cli.commands.given import settings_of
from gallery.cli.main import main
from gallery.cli.options import given
from gallery.rendering.provenance import software
from gallery.settings.choices import PALETTES
from gallery.settings.color_rules import ColorRule
from gallery.settings.fields import Setting, table
from gallery.settings.values import GallerySettings, Limits, ScanSettings

SETTINGS = [
    one
    for kind in (GallerySettings, ScanSettings, Limits)
    for one in table(kind).values()
    if one.option
]
OTHER = {
    "--vertices": "7",
    "--passes": "training",
    "--target": "h100",
    "--skeleton": "dot",
    "--arrangement": "free",
    "--exposure": "even",
    "--color": "kind",
    "--palette": "ember",
    "--ground": "light",
    "--seed": "9",
    "--labels": "",
    "--legend": "",
    "--rule": "operator:Conv=#ff8800",
    "--dim": "batch=4",
    "--seconds": "1.5",
    "--memory": "1 GiB",
    "--cache-size": "1 MB",
}
"""A value of each option that is not the default."""


def arguments(one: Setting) -> list[str]:
    return [one.option, OTHER[one.option]] if OTHER[one.option] else [one.option]


def actions(command: str) -> dict[str, argparse.Action]:
    (commands,) = (
        action.choices
        for action in parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    return {name: one for one in commands[command]._actions for name in one.option_strings}


@pytest.mark.parametrize("command", ["build", "serve"])
@pytest.mark.parametrize("one", SETTINGS, ids=lambda one: one.option)
def test_an_option_sets_its_setting_and_no_other(
    tmp_path: Path, command: str, one: Setting
) -> None:
    plain = settings_of(parser().parse_args([command, str(tmp_path)]))
    assert plain == GallerySettings()
    changed = settings_of(parser().parse_args([command, str(tmp_path), *arguments(one)]))
    different = [
        inner
        for part in ("scan", "limits")
        for inner in table(type(getattr(plain, part)))
        if getattr(getattr(plain, part), inner) != getattr(getattr(changed, part), inner)
    ]
    assert different + ["dims"] * (plain.dims != changed.dims) == [one.name]


@pytest.mark.parametrize("one", table(ScanSettings).values(), ids=lambda one: one.name)
def test_scan_takes_every_setting_of_a_scan(one: Setting) -> None:
    line = ["scan", "net.onnx", "-o", "x.png"]
    assert ScanSettings(**given(parser().parse_args(line), ScanSettings)) == ScanSettings()
    made = ScanSettings(**given(parser().parse_args([*line, *arguments(one)]), ScanSettings))
    assert getattr(made, one.name) != one.default


@pytest.mark.parametrize("one", SETTINGS, ids=lambda one: one.option)
def test_help_comes_from_the_field(one: Setting) -> None:
    action = actions("build")[one.option]
    assert action.help is not None
    assert action.help.startswith(one.help)
    many = isinstance(one.default, tuple | dict)
    assert action.help.endswith("more than once" if many else "(default: from gallery.toml)")


def test_help_names_choices_and_defaults() -> None:
    scan = actions("scan")
    assert tuple(scan["--palette"].choices or ()) == PALETTES
    assert (scan["--vertices"].help or "").endswith("(default: 1000000)")
    assert (scan["--ground"].help or "").endswith("(default: dark)")
    assert (scan["--palette"].help or "").endswith("one for each family")
    assert (scan["--labels"].help or "").endswith("layer names")


def test_what_the_command_line_says_goes_above_the_file(tmp_path: Path) -> None:
    (tmp_path / "gallery.toml").write_text(
        "[dims]\na = 1\nb = 2\n[scan]\nlabels = true\nvertices = 5\nrules = ['a=#000000']\n"
    )
    line = ["build", str(tmp_path), "--dim", "b=3", "--dim", "c=4", "--no-labels"]
    settings = settings_of(parser().parse_args([*line, "--rule", "b=#ffffff"]))
    assert settings.dims == {"a": 1, "b": 3, "c": 4}
    assert (settings.scan.labels, settings.scan.vertices) == (False, 5)
    assert settings.scan.rules == (
        ColorRule(pattern="a", color="#000000"),
        ColorRule(pattern="b", color="#ffffff"),
    )


@pytest.mark.parametrize("text", ["batch", "=3", "a=0", "a=x", "a=1.5", "a=2000000"])
def test_wrong_sizes_of_dimensions(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["build", "--dim", text])
    assert f"{text!r} is not of the form NAME=SIZE" in capsys.readouterr().err


def test_the_version_is_that_of_the_metadata_of_pictures(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out == f"{software()}\n"
