"""What each command does; rooms are imported when a command needs them."""

# ruff: noqa: PLC0415 - `--help` must not wait for numba; rooms are imported by who needs them

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gallery.errors import SettingsError
from gallery.settings import checks
from gallery.settings.values import GallerySettings, ScanSettings
from gallery.text import printable

if TYPE_CHECKING:
    from gallery.pipeline.report import Report


def build(options: argparse.Namespace) -> int:
    """Build a site."""
    from gallery.cli.progress import Progress
    from gallery.pipeline.build import BuildOptions
    from gallery.pipeline.build import build as build_site

    with Progress(sys.stderr) as progress:
        report = build_site(
            options.models,
            options.output,
            settings=settings_of(options),
            options=BuildOptions(
                cache=options.cache,
                jobs=options.jobs,
                scheduler=options.scheduler,
                strict=options.strict,
                dry_run=options.dry_run,
                reuse=tuple(options.reuse),
                shard=options.shard,
                listen=progress.listen,
            ),
        )
    if options.dry_run:
        for model in report.models:
            made = [f"{run.stage} {run.what}".strip() for run in model.stages if not run.cached]
            print(f"{printable(model.path)}: " + (", ".join(made) or "nothing"))
        return report.return_code
    return _tell(report, options)


def merge(options: argparse.Namespace) -> int:
    """Join the parts that builds with `--shard` made."""
    from gallery.pipeline.build import merge as merge_parts
    from gallery.settings.gallery_toml import read_settings

    _check_settings(options.settings)
    settings = read_settings(options.settings) if options.settings else None
    report = merge_parts(options.shards, options.output, cache=options.cache, settings=settings)
    return _tell(report, options)


def _tell(report: Report, options: argparse.Namespace) -> int:
    """Say what was done, here and in the files that were asked for; the exit status."""
    from gallery.cli.report import failure_line, junit, markdown, one_line

    for model in report.models:
        for note in model.notes:
            print(printable(f"note: {model.path}: {note}"), file=sys.stderr)
    for model in report.failed:
        print(f"error: {failure_line(model)}", file=sys.stderr)
    print(one_line(report))
    if options.summary:
        with options.summary.open("a", encoding="utf-8") as stream:
            stream.write(markdown(report))
    if options.junit:
        options.junit.write_text(junit(report), "utf-8")
    return report.return_code


def _check_settings(path: Path | None) -> None:
    if path and not path.is_file():
        raise SettingsError(f"there is no settings file {path}", hint="check the path")


def settings_of(options: argparse.Namespace) -> GallerySettings:
    """The settings file with what the command line says otherwise.

    Raises:
        SettingsError: The file or an argument is wrong.
    """
    from gallery.settings.gallery_toml import FILE_NAME, read_settings

    _check_settings(options.settings)
    settings = read_settings(options.settings or options.models / FILE_NAME)
    names = ("vertices", "passes", "skeleton", "color", "palette", "seed")
    given = {name: getattr(options, name) for name in names}
    scan = {name: value for name, value in given.items() if value is not None}
    limits: dict[str, Any] = {}
    limit_checks = {"seconds": checks.seconds, "memory": checks.memory, "cache_size": checks.memory}
    for name, check in limit_checks.items():
        value = getattr(options, name)
        if value is None:
            continue
        try:
            limits["cache" if name == "cache_size" else name] = check(value)
        except ValueError as error:
            option = "--" + name.replace("_", "-")
            raise SettingsError(f"{option} is {value!r}, not {error}") from error
    return replace(
        settings,
        scan=replace(settings.scan, **scan),
        limits=replace(settings.limits, **limits),
        dims={**settings.dims, **dict(options.dim)},
    )


def scan(options: argparse.Namespace) -> int:
    """Make one picture."""
    from gallery.cli.scan import make_scan, one_line

    settings = ScanSettings(
        vertices=options.vertices,
        passes=options.passes,
        target=options.target,
        skeleton=options.skeleton,
        color=options.color,
        palette=options.palette or "",
        ground=options.ground,
        size=options.size,
        seed=options.seed,
        labels=options.labels,
        legend=options.legend,
        rules=tuple(options.rule),
    )
    _check_model(options.model)
    made = make_scan(
        options.model,
        options.output,
        settings,
        dims=dict(options.dim),
        skeleton_seconds=options.seconds,
        quality=options.quality,
    )
    for warning in made.pop("notes"):
        print(printable(f"note: {options.model}: {warning}"), file=sys.stderr)
    print(json.dumps(made) if options.json else one_line(made))
    return 0


def facts(options: argparse.Namespace) -> int:
    """Print what a model holds and costs."""
    from gallery.cli.facts import facts_table
    from gallery.costs.facts import facts as facts_of
    from gallery.loading.load import load

    _check_model(options.model)
    model = load(options.model, dims=dict(options.dim))
    found = facts_of(model, options.model.stat().st_size)
    if options.json:
        print(json.dumps(asdict(found)))
    else:
        print(facts_table(found))
    return 0


def check(options: argparse.Namespace) -> int:
    """Verify a site."""
    from gallery.publishing.check import check_site

    result = check_site(options.site)
    if options.json:
        print(json.dumps(asdict(result)))
    else:
        for problem in result.problems:
            print(f"error: {problem}", file=sys.stderr)
        for warning in result.warnings:
            print(f"warning: {warning}", file=sys.stderr)
        size, heaviest = result.bytes / 1e6, result.heaviest_page / 1e3
        print(
            f"{result.files} files, {size:.1f} MB, {result.links} links, "
            f"heaviest page {heaviest:.0f} kB, {len(result.problems)} problems"
        )
    return 1 if result.problems else 0


def serve(options: argparse.Namespace) -> int:
    """Build, serve, and rebuild what changes."""
    from gallery.cli.progress import Progress
    from gallery.cli.report import failure_line, one_line
    from gallery.cli.serve import serve_site
    from gallery.pipeline.build import BuildOptions
    from gallery.pipeline.build import build as build_site
    from gallery.publishing.assets.directories import template_directories

    def rebuild() -> None:
        with Progress(sys.stderr) as progress:
            report = build_site(
                options.models,
                options.output,
                settings=settings_of(options),
                options=BuildOptions(
                    cache=options.cache, jobs=options.jobs, listen=progress.listen
                ),
            )
        for model in report.failed:
            print(f"error: {failure_line(model)}", file=sys.stderr)
        print(one_line(report), flush=True)

    watched = [options.models, *template_directories()]
    own = settings_of(options).templates
    if own:
        watched.append(Path(own))
    serve_site(tuple(watched), options.output, options.port, rebuild, print)
    return 0


def _check_model(path: Path) -> None:
    """A path that is wrong is wrong usage, not a bad model."""
    if not path.exists():
        raise SettingsError(f"there is no file {path}", hint="check the path of the model")
