"""What is planned of a model: sizes of dimensions, failures, order, parts."""

from __future__ import annotations

from pathlib import Path

from gallery.discovery.discover import ModelFile
from gallery.errors import DiscoverError
from gallery.pipeline.build import _unused_families
from gallery.pipeline.plan import ModelPlan, plan_of, with_families
from gallery.pipeline.products.scan import SCANS
from gallery.pipeline.products.viewer import VIEWER
from gallery.pipeline.schedule import by_work
from gallery.pipeline.shards import collection, part
from gallery.settings.choices import FAMILY_PALETTES
from gallery.settings.values import GallerySettings, ScanSettings


def model(slug: str, size: int = 0, sidecar: str | None = None, digest: str = "") -> ModelFile:
    """A file that was found."""
    return ModelFile(
        path=Path(f"{slug}.onnx"),
        relative=f"{slug}.onnx",
        slug=slug,
        bytes=size,
        sidecar="" if sidecar is None else f"{slug}.md",
        sidecar_text=sidecar,
        digest=digest or "0" * 64,
    )


def plan(file: ModelFile, **settings: object) -> ModelPlan:
    return plan_of(file, GallerySettings(**settings), {})  # type: ignore[arg-type]


def test_a_models_dimensions_win_over_the_gallerys() -> None:
    one = plan(model("a", sidecar="---\ndims: {n: 1, m: 2}\n---\nProse."), dims={"n": 8, "k": 9})
    assert dict(one.dims) == {"n": 1, "m": 2, "k": 9}
    assert (one.words.prose, one.failure) == ("Prose.", None)
    assert one.scans


def test_nothing_is_made_of_what_cannot_be_read() -> None:
    problem = DiscoverError("it is a pipe", hint="mend it")
    file = ModelFile(path=Path("b.onnx"), relative="b.onnx", slug="b", problem=problem,
                     sidecar_text="---\nyear: soon\n---\n")  # fmt: skip
    found = plan(file).failure
    assert found is not None
    assert (found.stage, found.found, found.hint) == ("discover", "it is a pipe", "mend it")


def test_words_that_are_wrong_keep_no_model_from_its_scan() -> None:
    one = plan(model("a", sidecar="---\nyear: soon\n---\n"))
    assert (one.failure, bool(one.scans)) == (None, True)
    assert one.notes == ("a.md: year is 'soon', not a whole number from 1900 to 2200",)
    file = ModelFile(path=Path("b.onnx"), relative="b.onnx", slug="b", sidecar="b.md",
                     sidecar_problem="b.md is a named pipe")  # fmt: skip
    assert plan(file).notes == ("b.md is a named pipe",)


def test_a_smaller_plan_has_a_quarter_of_every_budget() -> None:
    one = plan(model("a"))
    small = one.smaller()
    assert len(small.scans) == len(one.scans) > 5
    for before, after in zip(one.scans, small.scans, strict=True):
        assert after.scan.vertices == before.scan.vertices // 4
    assert small.variants.viewer_vertices == one.variants.viewer_vertices // 4
    tiny = plan(model("a", sidecar="---\nvertices: 3\n---\n")).smaller()
    assert {scan.scan.vertices for scan in tiny.scans} == {1}


SIZES = {"a": 10, "b": 50, "c": 10, "d": 40, "e": 30}


def test_scans_that_share_a_form_are_made_one_after_the_other() -> None:
    # What follows by chance would do so for some of these.
    for number in range(8):
        one = plan(model("a", digest=f"{number:064}"))
        own = {scan.key: scan.scan for scan in one.scans}
        made = [(own[key].skeleton, own[key].passes) for key in SCANS.inputs(one)]
        main = made.index(("sfdp", "forward"))
        assert made[main - 1] == ("sfdp", "training")
        assert set(made[main:]) == {("sfdp", "forward")}


def test_models_with_much_work_come_first() -> None:
    plans = [plan(model(slug, size)) for slug, size in SIZES.items()]
    assert [one.file.slug for one in by_work(plans)] == ["b", "d", "e", "a", "c"]
    assert [one.file.slug for one in by_work(plans[::-1])] == ["b", "d", "e", "a", "c"]


def test_parts_share_the_work_and_keep_the_order() -> None:
    plans = [plan(model(slug, size)) for slug, size in SIZES.items()]
    parts = [[one.file.slug for one in part(plans, number, 2)] for number in (1, 2)]
    assert parts == [["b", "c", "e"], ["a", "d"]]
    assert [[one.file.slug for one in part(plans, n, 7)] for n in (5, 6)] == [["c"], []]


def test_parts_are_of_one_whole_only_where_everything_is_the_same() -> None:
    files = [model("a", digest="1" * 64), model("b", digest="1" * 64)]
    settings = GallerySettings()

    def told(files: list[ModelFile], settings: GallerySettings = settings) -> str:
        return collection([plan_of(file, settings, {}) for file in files], settings)

    others = {
        told(files[:1]),
        told([files[0], model("c", digest="1" * 64)]),
        told([files[0], model("b", digest="2" * 64)]),
        told([files[0], model("b", digest="1" * 64, sidecar="Prose.")]),
        told(files, GallerySettings(title="Another")),
        told(files, GallerySettings(dims={"n": 2})),
    }
    assert len(others) == 6
    assert told(files) == told(list(files))
    assert told(files) not in others


def test_relatives_have_the_palette_of_their_family_whatever_the_order() -> None:
    said = {"a": "CNN", "b": "cnn", "c": "RNN", "d": "GAN", "e": ""}
    settings = GallerySettings(families={"gan": "glasbey"})
    plans = [
        plan_of(model(slug, sidecar=f"---\nfamily: {family}\n---\n"), settings, {})
        for slug, family in said.items()
    ]
    for order in (plans, plans[::-1]):
        found = {
            plan.file.slug: plan.scans[0].scan.palette for plan in with_families(order, settings)
        }
        assert found["a"] == found["b"] == "ember"
        assert found["c"] in {*FAMILY_PALETTES} - {"ember"}
        assert (found["d"], found["e"]) == ("glasbey", "")
        viewed = VIEWER.settings(with_families(order, settings)[order.index(plans[0])], "")
        assert viewed["palettes"] == {"layer": "ember"}


def test_a_palette_for_a_family_that_no_model_has_is_told() -> None:
    settings = GallerySettings(families={"CNM": "ember", "rnn": "frost"})
    plans = [plan_of(model("a", sidecar="---\nfamily: RNN\n---\n"), settings, {})]
    assert _unused_families(plans, settings) == ("no model has the family 'CNM'; there are: RNN",)


def test_a_colour_that_the_palette_of_the_gallery_cannot_show_is_told_in_the_plan() -> None:
    settings = GallerySettings(scan=ScanSettings(palette="glasbey"))
    for color, told in (("depth", True), ("kind", False)):
        plan = plan_of(model("a", sidecar=f"---\ntitle: A\ncolor: {color}\n---\n"), settings, {})
        assert (plan.words.front.title, plan.failure) == ("A", None)
        assert plan.words.front.color == ("" if told else color)
        assert any("a.md: palette glasbey has no order" in note for note in plan.notes) == told
