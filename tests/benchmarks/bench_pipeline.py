"""How long builds take: cold, without a change, and after each kind of change.

    python -m tests.benchmarks.bench_pipeline [--quick] [--small] [--models N]

Each row is one real command on a copy of the sample models, grown to N by copies under other
names; `--small` makes few, small pictures, `--quick` of three models only. A ratio is the cold
build's time over the row's.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
QUICK = ("alexnet", "lstm", "resnet18")
SMALL = """
[scan]
vertices = 3000
[variants]
sizes = [320]
size = [320]
formats = ["webp"]
vertices = 1000
light = false
skeletons = []
colors = ["depth"]
diagram = false
poster = false
viewer = false
"""


def copy_models(folder: Path, count: int, quick: bool) -> None:
    """Copy the sample models; more than there are get numbered names."""
    samples = sorted((ROOT / "models").glob("*.onnx"))
    if quick:
        samples = [path for path in samples if path.stem in QUICK]
    for number in range(count or len(samples)):
        sample = samples[number % len(samples)]
        again = number // len(samples)
        name = f"{sample.stem}-{again}" if again else sample.stem
        shutil.copy(sample, folder / f"{name}.onnx")
        sidecar = sample.with_suffix(".md")
        if sidecar.exists():
            shutil.copy(sidecar, folder / f"{name}.md")


def timed(models: Path, site: Path, *options: str) -> tuple[float, str]:
    """Seconds of one build, and the last line that it printed."""
    command = [sys.executable, "-m", "gallery", "build", str(models), "-o", str(site)]
    started = time.perf_counter()
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=True)
    return time.perf_counter() - started, done.stdout.strip().splitlines()[-1]


def main() -> None:
    """Run all rows and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--models", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        models, site = Path(name) / "models", Path(name) / "site"
        models.mkdir()
        toml = "[scan]\n" if not (options.quick or options.small) else SMALL
        (models / "gallery.toml").write_text(toml)
        copy_models(models, options.models, options.quick)
        first, *_, last = sorted(models.glob("*.onnx"))

        def change_template() -> None:
            (Path(name) / "mine").mkdir()
            found = ROOT / "templates" / "layout.html"
            text = found.read_text().replace("</body>", "<!-- ours --></body>")
            (Path(name) / "mine" / "layout.html").write_text(text)
            (models / "gallery.toml").write_text(f"templates = '{name}/mine'\n{toml}")

        changes: list[tuple[str, Callable[[], object], tuple[str, ...]]] = [
            ("cold", lambda: None, ()),
            ("no change", lambda: None, ()),
            ("a sidecar", lambda: first.with_suffix(".md").write_text("Other words."), ()),
            ("a model", lambda: first.write_bytes(last.read_bytes()), ()),
            ("a model gone", first.unlink, ()),
            ("a template", change_template, ()),
            ("another palette", lambda: None, ("--palette", "fire")),
        ]
        cold = 0.0
        print(f"{'change':<16} {'seconds':>8} {'ratio':>7}  report")
        for label, change, extra in changes:
            change()
            seconds, report = timed(models, site, *extra)
            cold = cold or seconds
            shown = report.replace(str(site), "site")
            print(f"{label:<16} {seconds:8.2f} {cold / seconds:7.1f}  {shown}", flush=True)


if __name__ == "__main__":
    main()
