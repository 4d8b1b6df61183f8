"""Parts made apart and merged are the site that one build makes; an earlier site is a cache."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gallery.cache import Cache
from gallery.errors import PublishError, SettingsError
from gallery.pipeline.build import BuildOptions, build, merge
from gallery.pipeline.products.base import Form
from gallery.pipeline.reuse import EarlierSite
from gallery.schema import anything
from gallery.settings.values import GallerySettings, Limits
from tests.conftest import NET, make_models, run_gallery
from tests.onnx_text import write
from tests.pipeline.test_build import tree

pytestmark = pytest.mark.usefixtures("without_workers")


def enrich(models: Path) -> None:
    """Let a gallery make diagrams and viewers as well."""
    toml = models / "gallery.toml"
    text = toml.read_text()
    for name in ("diagram", "viewer"):
        text = text.replace(f"{name} = false", f"{name} = true")
    toml.write_text(text)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, without_workers: None) -> Path:
    """A gallery of good and bad models, its site, and the same in two parts."""
    folder = tmp_path_factory.mktemp("whole")
    models = make_models(folder / "models")
    enrich(models)
    write(models, NET, "third.onnx")
    (models / "bad.onnx").write_text("no model")
    # Both families would like the same palette; neither part has both.
    (models / "side.md").write_text("---\nyear: soon\nfamily: c\n---\n")
    (models / "third.md").write_text("---\nfamily: d\n---\n")
    write(models, NET, "side.onnx")
    build(models, folder / "site")
    for number in (1, 2):
        options = BuildOptions(shard=(number, 2), cache=folder / f"cache{number}")
        build(models, folder / f"part{number}", options=options)
    return folder


def test_merged_parts_are_the_whole_site(whole: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    parts = (str(whole / "part2"), str(whole / "part1"))
    result = run_gallery("merge", *parts, "-o", site)
    assert result.returncode == 1, "one model failed"
    assert "4 built (4 unchanged), 1 failed" in result.stdout
    assert "error: bad.onnx: load: " in result.stderr
    assert "note: side.onnx: side.md: year is 'soon'" in result.stderr
    assert tree(site) == tree(whole / "site")


def test_every_model_is_in_one_part(whole: Path) -> None:
    parts = [json.loads((whole / f"part{n}" / "shard.json").read_bytes()) for n in (1, 2)]
    paths = [[one["path"] for one in part["models"]] for part in parts]
    assert sorted(map(len, paths)) == [2, 3]
    every = ["bad.onnx", "deep/second.onnx", "first.onnx", "side.onnx", "third.onnx"]
    assert sorted(paths[0] + paths[1]) == every


def copies(whole: Path, folder: Path) -> tuple[Path, Path]:
    """Both parts, to be changed."""
    for name in ("part1", "part2"):
        shutil.copytree(whole / name, folder / name)
    return folder / "part1", folder / "part2"


def own_file(part: Path) -> Path:
    """A file that the other part does not have: of equal ones either will do."""
    other = {path.name for path in (part.parent / "part1" / "files").iterdir()}
    return min(path for path in (part / "files").iterdir() if path.name not in other)


def lose_a_file(part: Path) -> None:
    own_file(part).unlink()


def change_a_file(part: Path) -> None:
    path = own_file(part)
    content = path.read_bytes()
    path.unlink()  # it may be a link to the cache's file
    path.write_bytes(bytes(reversed(content)))


def edit(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def work(part: Path) -> None:
        value = json.loads((part / "shard.json").read_bytes())
        change(value)
        (part / "shard.json").write_text(json.dumps(value))

    return work


DAMAGE: list[tuple[Callable[[Path], None], str]] = [
    (lose_a_file, "is damaged: .*: the result .* and its files do not match"),
    (change_a_file, "is damaged: .*: the result .* and its files do not match"),
    (edit(lambda value: value.update(collection="x")), "are parts of different collections"),
    (edit(lambda value: value.update(count=3)), "are parts of different collections"),
    (edit(lambda value: value.update(versions={"load": "x"})), "built with different versions"),
    (edit(lambda value: value.update(number=7)), "is not a part of a gallery: it is part 7 of 2"),
    (edit(lambda value: value.update(number=1)), "the parts are not complete: found 1, 1 of 2"),
    (edit(lambda value: value.update(records={})), "are missing"),
    (edit(lambda value: value.update(records={"../../x": "y"})), "is not a part of a gallery: rec"),
    (edit(lambda value: value.update(settings={"scan": 3})), "scan is .*, not a section"),
    (edit(lambda value: value.pop("models")), "is not a part of a gallery"),
    (
        edit(lambda value: value.update(models=2 * value["models"])),
        "is not a part of a gallery: two models have the same name",
    ),
    (
        edit(lambda value: value.update(models=[{}])),
        r"is not a part of a gallery: models\[0\] is not",
    ),
    (
        edit(lambda value: value.update(models=3)),
        "is not a part of a gallery: models is not a list",
    ),
    (lambda part: (part / "shard.json").write_text("[" * 100_000) and None, "is not a part"),
    (lambda part: (part / "shard.json").unlink(), "is not a part of a gallery"),
]


@pytest.mark.parametrize(("damage", "message"), DAMAGE)
def test_parts_that_do_not_fit_are_refused(
    whole: Path, tmp_path: Path, damage: Callable[[Path], None], message: str
) -> None:
    parts = copies(whole, tmp_path)
    damage(parts[1])
    with pytest.raises(SettingsError, match=message):
        merge(parts, tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_a_part_is_not_written_over_a_strangers_directory_nor_over_an_input(
    whole: Path, tmp_path: Path
) -> None:
    result = run_gallery("merge", whole / "part1", whole / "part2", "-o", whole / "part1")
    assert result.returncode == 2
    assert "would overwrite" in result.stderr


@pytest.mark.parametrize(
    ("place", "shard", "told"),
    [
        ("site", (1, 2), "holds a whole site, which part 1 of a site would replace"),
        ("part1", (2, 3), "holds part 1 of a site, which part 2 of a site would replace"),
        ("part1", None, "holds part 1 of a site, which a whole site would replace"),
    ],
)
def test_nothing_is_put_in_place_of_another_kind(
    whole: Path, place: str, shard: tuple[int, int] | None, told: str
) -> None:
    before = tree(whole / place)
    with pytest.raises(PublishError, match=told):
        build(whole / "models", whole / place, options=BuildOptions(shard=shard))
    assert tree(whole / place) == before


def test_the_last_site_serves_as_a_cache(whole: Path, tmp_path: Path) -> None:
    options = BuildOptions(reuse=(whole / "site",), cache=tmp_path / "cache")
    report = build(whole / "models", tmp_path / "site", options=options)
    assert report.made() == {}
    assert tree(tmp_path / "site") == tree(whole / "site")


def test_a_dry_run_knows_what_the_last_site_holds(whole: Path, tmp_path: Path) -> None:
    last = tmp_path / "last"
    shutil.copytree(whole / "site", last)
    options = BuildOptions(reuse=(last,), cache=tmp_path / "cache", dry_run=True)
    report = build(whole / "models", tmp_path / "site", options=options)
    assert report.made() == {}
    for path in (last / "assets").glob("first-hero-*.webp"):
        path.unlink()
    assert build(whole / "models", tmp_path / "site", options=options).made() == {"scan": 1}
    assert not list((tmp_path / "cache").rglob("*"))


def test_what_changed_in_the_last_site_is_made_again(whole: Path, tmp_path: Path) -> None:
    last = tmp_path / "last"
    shutil.copytree(whole / "site", last)
    for path in (last / "assets").glob("first-hero-*.webp"):
        path.write_bytes(path.read_bytes()[:-1] + b"x")
    options = BuildOptions(reuse=(last,), cache=tmp_path / "cache")
    report = build(whole / "models", tmp_path / "site", options=options)
    made = {model.slug: [r.stage for r in model.stages if not r.cached] for model in report.done}
    assert made.pop("first") == ["load", "lower", "layout", "color", "scan"]
    assert made == {"deep-second": [], "side": [], "third": []}
    assert tree(tmp_path / "site") == tree(whole / "site")


@pytest.mark.parametrize("text", ["", "{}", "[" * 100_000, '{"schema": 1}', '{"records": []}'])
def test_a_site_without_sound_records_gives_nothing(whole: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "results.json").write_text(text)
    assert (
        EarlierSite(tmp_path).give(
            {"0" * 64: ("", Form(value=anything))}, Cache(tmp_path / "cache")
        )
        == 0
    )


def test_a_site_that_is_not_there_is_wrong_usage(whole: Path, tmp_path: Path) -> None:
    options = BuildOptions(reuse=(tmp_path / "none",))
    with pytest.raises(SettingsError, match="there is no site"):
        build(whole / "models", tmp_path / "site", options=options)


def with_templates(part: Path, templates: str) -> None:
    path = part / "shard.json"
    value = json.loads(path.read_bytes())
    value["settings"]["templates"] = templates
    path.write_text(json.dumps(value))


def test_a_part_names_no_directory_that_becomes_code(whole: Path, tmp_path: Path) -> None:
    parts = copies(whole, tmp_path)
    evil = tmp_path / "evil"
    evil.mkdir()
    (evil / "layout.html").write_text("{{ evil }}")
    for one in parts:
        with_templates(one, str(evil))
    with pytest.raises(SettingsError, match=r"built with their own templates.*--settings"):
        merge(parts, tmp_path / "site")
    assert not (tmp_path / "site").exists()
    merge(parts, tmp_path / "site", settings=GallerySettings(title="Small nets"))
    assert tree(tmp_path / "site") == tree(whole / "site")


def test_a_part_does_not_tell_where_templates_are(models: Path, tmp_path: Path) -> None:
    (models / "mine").mkdir()
    toml = models / "gallery.toml"
    toml.write_text('templates = "mine"\n' + toml.read_text())
    build(models, tmp_path / "part", options=BuildOptions(shard=(1, 1)))
    text = (tmp_path / "part" / "shard.json").read_text()
    assert json.loads(text)["settings"]["templates"] == "mine"
    assert str(tmp_path) not in text


def test_limits_of_other_settings_do_not_hide_results(whole: Path, tmp_path: Path) -> None:
    other = GallerySettings(title="Small nets", limits=Limits(seconds=1), default_dim=9)
    merge(copies(whole, tmp_path), tmp_path / "site", settings=other)
    assert tree(tmp_path / "site") == tree(whole / "site")
