"""The charts of a run: what they show of it, and that pages say it in words, too."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gallery.execution.curves import COLUMNS, curves
from gallery.execution.results import Held, run_of, run_value
from gallery.execution.run import run
from gallery.execution.summary import summary
from gallery.execution.types import Execution, held
from gallery.pipeline.products.run import RUN
from gallery.publishing import SiteSettings
from gallery.publishing.parts.run_charts import duration, run_charts
from gallery.publishing.site import publish
from tests.publishing.sample_exhibits import make_exhibit, make_pictures, make_run
from tests.rendering.scans import layered


@pytest.fixture(scope="module")
def execution() -> Execution:
    return run(replace(layered(), target="ipu1"))


def test_a_run_comes_back_from_the_cache_as_it_was(execution: Execution) -> None:
    told = summary(execution), curves(execution)
    value = json.loads(json.dumps(run_value(*told), sort_keys=True))
    RUN.form(None, "").check(value, ())  # type: ignore[arg-type]
    assert run_of(value) == told


def test_numbers_add_up(execution: Execution) -> None:
    told = summary(execution)
    whole = told.sync + told.exchange + told.compute
    assert whole == pytest.approx(told.seconds, rel=1e-4)
    assert sum(told.passes.values()) == pytest.approx(told.seconds, rel=1e-4)
    assert sum(told.peak_kinds.values()) == pytest.approx(told.peak, rel=1e-4)
    assert sum(told.peak_layers.values()) == pytest.approx(told.peak, rel=1e-4)
    assert told.peak == pytest.approx(held(execution.memory).max(), rel=1e-4)


def test_columns_share_the_time_and_keep_the_peak(execution: Execution) -> None:
    told = curves(execution)
    compute, exchange = np.array(told.compute), np.array(told.exchange)
    assert len(compute) == len(exchange) == COLUMNS
    assert compute.mean() == pytest.approx(
        1000 * execution.step_compute.sum() / execution.seconds, abs=2
    )
    assert (compute + exchange <= 1001).all()
    assert np.array(told.memory).sum(axis=0).max() == pytest.approx(
        held(execution.memory).max(), rel=1e-3
    )
    assert len(told.memory) == len(Held)
    assert len(told.busy) == len(told.filled) == execution.target.tiles
    assert set(told.busy) <= set("012345678")
    assert "8" in told.busy


def test_charts_stay_within_their_boxes() -> None:
    charts = run_charts(*make_run())
    for area in (*charts.time, *charts.memory):
        heights = [float(one) for one in re.findall(r"V(-?[\d.]+)", area.path)]
        assert all(-0.1 <= one <= 100.1 for one in heights)
        assert area.path.endswith("z")
    assert all(0 <= dot.x <= 100 and 0 <= dot.y <= 100 for dot in charts.dots)
    assert [band.name for band in charts.passes] == ["forward", "backward", "update"]
    assert 0 < charts.peak_y < 100
    assert duration(61.23) == "61.2\xa0s"


def test_one_step_is_a_step_and_the_peak_is_named_above_its_line(tmp_path: Path) -> None:
    pictures = make_pictures(tmp_path / "made")
    told, charts = make_run()
    one = replace(told, steps=1)
    exhibits = [
        make_exhibit("one", pictures, run=(one, charts)),
        make_exhibit("two", pictures, run=(replace(told, steps=2), charts)),
    ]
    publish(exhibits, tmp_path / "site", settings=SiteSettings())
    pages = [(tmp_path / f"site/{name}/index.html").read_text("utf-8") for name in ("one", "two")]
    assert [re.findall(r"in \d+ steps?,", page) for page in pages] == [
        ["in 1 step,"],
        ["in 2 steps,"],
    ]
    dot = re.search(r'<circle class="peak"[^>]* cy="([\d.]+)"', pages[0])
    name = re.search(r'<text class="on"[^>]* y="([\d.]+)"[^>]*>peak', pages[0])
    assert dot
    assert name
    assert 12 < float(name[1]) < float(dot[1]) - 4


def test_a_page_tells_of_the_run_without_its_pictures(tmp_path: Path) -> None:
    pictures = make_pictures(tmp_path / "made")
    told, charts = make_run("<b>stage</b>")
    update = replace(told.operators[0], name="", type="Update", passes="update", seconds=9.0)
    told = replace(told, operators=(*told.operators, update))
    exhibits = [make_exhibit("alpha", pictures, run=(told, charts)), make_exhibit("beta", pictures)]
    publish(exhibits, tmp_path / "site", settings=SiteSettings())
    page = (tmp_path / "site/alpha/index.html").read_text("utf-8")
    section = page.partition('<section class="run')[2].partition("</section>")[0]
    assert duration(told.seconds) in section
    assert "&lt;b&gt;stage&lt;/b&gt;" in section
    assert "<b>" not in section
    assert "<bdi>update</bdi>" in section
    assert len(re.findall(r'<svg[^>]*role="img" aria-label="[^"]+"', section)) == 5
    assert section.count("<table>") == 3
    script = (tmp_path / "site/alpha/compare.js").read_text("ascii")
    compared = json.loads(script.removeprefix("galleryModel(").removesuffix(");\n"))["run"]
    assert len(compared["memory"]) == len(compared["compute"]) == COLUMNS
    assert max(compared["memory"]) == pytest.approx(told.peak, rel=1e-3)
    assert (compared["seconds"], compared["passes"]) == (told.seconds, "training")
    table = (tmp_path / "site/compare/index.html").read_text("utf-8")
    assert f"<td>{duration(told.seconds)}</td>" in table
    other = (tmp_path / "site/beta/index.html").read_text("utf-8")
    assert 'class="run' not in other
