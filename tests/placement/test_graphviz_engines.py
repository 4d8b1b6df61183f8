"""Graphviz engines: their places, and that none goes on when nobody waits for it."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import textwrap
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery.errors import LayoutError
from gallery.placement import graphviz_engines, graphviz_process
from gallery.placement.graphviz_engines import EngineError, dot_source, places, run

_ALL = ("box", "nodes", "edges", "clusters")


def command(engine: str) -> list[str]:
    """Starts an engine that gives the places of nodes."""
    program = [str(graphviz_engines._PROGRAM), graphviz_engines._folder()]
    return [sys.executable, "-I", "-S", *program, engine, "nodes"]


def slow() -> str:
    """A graph on which fdp works for minutes."""
    chance = random.Random(1)
    edges = (f"{chance.randrange(800)} -> {chance.randrange(800)}" for _ in range(1600))
    return f"digraph {{ {'; '.join(edges)} }}"


def test_places_of_the_parts_that_were_asked_for() -> None:
    source = 'digraph { subgraph cluster_1 { 0 } 0 -> 1 [id="7", label="x"] }'
    assert places("neato", "digraph { 0 }", 60, "nodes").keys() == {"nodes"}
    found = places("dot", source, 60, *_ALL)
    left, low, right, high = found["box"]
    assert all(left <= x <= right and low <= y <= high for x, y in found["nodes"].values())
    assert found["nodes"].keys() == {"0", "1"}
    assert len(found["edges"]["7"]["points"]) % 3 == 2
    assert len(found["edges"]["7"]["label"]) == 2
    assert len(found["clusters"]["cluster_1"]) == 4


@given(
    value=st.recursive(
        st.floats(width=64),
        lambda inner: st.lists(inner) | st.dictionaries(st.from_regex(r"\A\w+\Z"), inner),
    )
)
def test_what_an_engine_says_is_read_as_it_was_written(value: object) -> None:
    """What is no number stays none: another engine is tried for a drawing without places."""
    read = json.loads(graphviz_process._json(value))
    np.testing.assert_equal(read, _finite(value))


def _finite(value: object) -> object:
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_finite(one) for one in value]
    return value if np.isfinite(value) else np.nan  # type: ignore[call-overload]


def test_positions_of_tall_drawings_are_as_fine_as_those_of_small_ones() -> None:
    """Graphviz 14 (pygraphviz 2.0.4) writes `pos` with five digits: past 99,999 points, tens of
    points. Rows of equal blocks would be unevenly spaced, and arrows end short of them.
    """
    rows = 2_200
    blocks = 'node [shape=box fixedsize=true label="" height=0.5]; edge [fontsize=9 label=x];'
    chain = "".join(f"{row} -> {row + 1} [id={row}];" for row in range(rows))
    frame = "subgraph cluster_1 { label=x; 2; 3 }"
    found = places("dot", f"digraph {{ {blocks} {frame} {chain} }}", 60.0, *_ALL)
    assert found["box"][3] > 99_999
    high = [found["nodes"][str(row)][1] for row in range(rows)]
    steps = np.diff(high)[10:]
    assert np.ptp(steps) < 0.05
    for row in (50, rows // 2, rows - 2):
        edge = found["edges"][str(row)]
        assert edge["points"][-1][1] == pytest.approx(high[row + 1] + 18, abs=0.75)
        assert edge["points"][0][1] == pytest.approx(high[row] - 18, abs=1.0)
        assert high[row + 1] < edge["label"][1] < high[row]
    left, bottom, right, top = found["clusters"]["cluster_1"]
    assert left < found["nodes"]["2"][0] < right
    assert bottom < high[3] - 18 < high[2] + 18 < top


def test_an_engine_ends_by_itself_when_its_time_is_over() -> None:
    """Wherever the system does not end it with its parent."""
    done = subprocess.run(
        command("fdp"),
        input=f"0.5\n{slow()}",
        text=True,
        capture_output=True,
        check=False,
        timeout=300,
    )
    # The thread that watches the time ends it, else the kernel.
    kernel = [-getattr(signal, name, 0) for name in ("SIGXCPU", "SIGKILL")]
    assert done.returncode in (1, *kernel)
    assert not done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it ends when its time is over")
def test_an_engine_ends_with_who_waits_for_it(tmp_path: Path) -> None:
    (tmp_path / "slow.dot").write_text(slow())
    script = f"""
        import os, psutil, threading
        from pathlib import Path
        from gallery.placement.graphviz_engines import dot_source, places, run
        def kill():
            while not (engines := psutil.Process().children()): pass
            # Its start is over when it does what takes its time.
            while engines[0].cpu_times().user < 1: pass
            print(engines[0].pid, flush=True)
            os.kill(os.getpid(), {int(signal.SIGKILL)})
        threading.Thread(target=kill).start()
        places("fdp", Path({str(tmp_path / "slow.dot")!r}).read_text(), 600, "nodes")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    with suppress(psutil.NoSuchProcess):
        engine = psutil.Process(int(done.stdout))
        with suppress(psutil.TimeoutExpired):
            engine.wait(timeout=300)
        status = engine.status()
        engine.kill()
        assert status == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize(("pairs", "packed"), [(32, True), (33, False)])
def test_many_parts_are_put_into_an_array(pairs: int, packed: bool) -> None:
    """Graphviz 14.1 takes the square of their number to fit them into each other."""
    edges = np.arange(2 * pairs, dtype=np.int32).reshape(-1, 2)
    source = dot_source(edges, np.ones(pairs, np.float32), 1)
    assert ("pack=true" in source) == packed
    assert ("packmode=array" in source) != packed


def test_hundreds_of_parts_are_placed_apart() -> None:
    edges = np.arange(1200, dtype=np.int32).reshape(-1, 2)
    source = dot_source(edges, np.ones(600, np.float32), 1)
    found = run("sfdp", source, 1200, 60)
    assert np.isfinite(found).all()
    assert len(np.unique(found.round(3), axis=0)) == 1200


def program(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Let this be what runs the engines."""
    path = folder / "engine.py"
    path.write_text(text)
    monkeypatch.setattr(graphviz_engines, "_PROGRAM", path)


def test_processor_time_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, monkeypatch, "while True: pass")
    with pytest.raises(EngineError, match=r"did not finish within 0\.2 s of processor time"):
        places("dot", "digraph {}", 0.2, "nodes")


def test_a_machine_that_stands_still_is_no_reason_for_another_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, monkeypatch, "import sys, threading; threading.Event().wait()")
    monkeypatch.setattr(graphviz_engines, "_PATIENCE", 1)
    monkeypatch.setattr(graphviz_engines, "_LEAST_PATIENCE", 0.3)
    with pytest.raises(LayoutError, match="dot got less than 5 s of processor time within 5 s"):
        places("dot", "digraph {}", 5, "nodes")


def test_an_engine_that_notices_first_that_a_machine_stands_still_is_none_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, monkeypatch, "import sys; sys.exit(1)")
    monkeypatch.setattr(graphviz_engines, "_PATIENCE", 0)
    monkeypatch.setattr(graphviz_engines, "_LEAST_PATIENCE", 0.0)
    monkeypatch.setattr(graphviz_engines, "_POLL", 300.0)
    with pytest.raises(LayoutError, match="dot got less than 300 s of processor time"):
        places("dot", "digraph {}", 300, "nodes")


def test_an_engine_without_a_graph_ends() -> None:
    """One is started while its graph is made, which may turn out not to be needed."""
    done = subprocess.run(command("dot"), input="", text=True, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("engine", ["", "none"])
def test_an_engine_that_there_is_not(engine: str) -> None:
    with pytest.raises(EngineError, match=r"failed with exit status 1: .*Use one of: circo dot"):
        places(engine, "digraph { 1 }", 60, "nodes")


def test_a_source_that_is_no_graph() -> None:
    with pytest.raises(EngineError, match="failed with exit status 1"):
        places("dot", "no graph", 60, "nodes")


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_an_engine_that_is_killed_is_no_reason_for_another_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, monkeypatch, "import os; os.kill(os.getpid(), 9)")
    with pytest.raises(LayoutError, match="dot was killed from outside"):
        places("dot", "digraph {}", 60, "nodes")
    program(tmp_path, monkeypatch, "import os; os.kill(os.getpid(), 11)")
    with pytest.raises(EngineError, match="dot failed with exit status -11"):
        places("dot", "digraph {}", 60, "nodes")


def test_a_library_that_is_missing_is_named_and_is_no_reason_for_another_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wheels of pygraphviz 2.0.4 need glib and X11 of the system; slim images lack them."""
    folder = tmp_path / "pygraphviz"
    folder.mkdir()
    for name in ("__init__.py", "_graphviz.py"):  # The first is for Windows.
        (folder / name).write_text("raise ImportError('libgobject-2.0.so.0: no such file')")
    monkeypatch.setattr(graphviz_engines, "_folder", lambda: str(folder))
    with pytest.raises(LayoutError, match=r"cannot be loaded: libgobject.*install.*libglib2\.0-0"):
        places("dot", "digraph {}", 60, "nodes")


def test_the_exit_status_of_a_missing_library_is_the_program_s() -> None:
    assert graphviz_process.NOT_LOADED == graphviz_engines._NOT_LOADED


def test_a_large_graph_reaches_an_engine_that_starts_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python 3.11's `communicate` writes no more input once it has timed out."""
    text = """
        import json, sys, time
        while time.process_time() < 0.5: pass
        json.dump({"nodes": {"0": [len(sys.stdin.read()), 0]}}, sys.stdout)
    """
    program(tmp_path, monkeypatch, textwrap.dedent(text))
    source = "digraph {" + " " * (1 << 20) + "}"
    found = places("dot", source, 30, "nodes")
    limit = "300\n"
    assert found["nodes"]["0"] == [len(limit) + len(source), 0]
