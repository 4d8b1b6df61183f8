"""How long publishing takes for many models, without making anything of them.

    python -m tests.benchmarks.bench_publish [--keep DIR] [100 1000 5000]

For each number of models one row, in processor time: the first site by model, the same site again,
and the site after one changed model, each beside the site before; then the size of the index and
of what its script loads, and how the index feels in Chromium. The models share their pictures;
titles, families, years, tags and numbers differ.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from gallery.cache import Cache
from gallery.files import listing
from gallery.pipeline.earlier import earlier_site, remember, sums_of, with_links
from gallery.publishing.exhibit import Exhibit
from gallery.publishing.settings import SiteSettings
from gallery.publishing.site import publish
from tests.benchmarks.bench_collection import FAMILIES, TAGS
from tests.publishing.sample_exhibits import make_exhibit, make_facts, make_pictures, make_run

SETTINGS = SiteSettings(title="Many models", base_url="https://example.org/many/")


def exhibits(count: int, folder: Path) -> list[Exhibit]:
    """Many models."""
    pictures, ran = make_pictures(folder), make_run()
    base = make_exhibit("net", pictures, run=ran)
    return [
        replace(
            base,
            slug=f"net-{i}",
            path=f"net-{i}.onnx",
            front=replace(
                base.front,
                title=f"{FAMILIES[i % 8]} Net {i}",
                family=FAMILIES[i % 8],
                year=1998 + i % 27,
                tags=(TAGS[i % 8], TAGS[i // 8 % 8], f"set {i // 40}"),
                authors=(f"Author {i % 500}",),
            ),
            facts=make_facts(f"{i}", parameters=10**5 * (i + 1), flops=10**6 * (i % 97 + 1)),
        )
        for i in range(count)
    ]


def published(models: Sequence[Exhibit], place: Path, cache: Cache) -> float:
    """Processor seconds of publishing a site in the place of the one before."""
    started = time.process_time()
    staged = place.with_name("staged")
    earlier = earlier_site(place, cache)
    publish(with_links(models, earlier), staged, settings=SETTINGS, cache=cache, earlier=earlier)
    sums = sums_of(staged, listing(staged), earlier)
    shutil.rmtree(place, ignore_errors=True)
    staged.rename(place)
    remember(place, cache, sums, earlier)
    return time.process_time() - started


def row(count: int, folder: Path) -> None:
    """Publish so many models three times and print what it took."""
    (folder / "pictures").mkdir(parents=True)
    models, cache, site = exhibits(count, folder / "pictures"), Cache(folder / "c"), folder / "site"
    first, same = published(models, site, cache), published(models, site, cache)
    models[count // 2] = replace(models[count // 2], facts=make_facts("new", parameters=12345))
    changed = published(models, site, cache)
    script = next((site / "assets").glob("collection.*.js")).stat().st_size
    status = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    print(
        f"{count:6} models: first {1000 * first / count:5.1f} ms a model, again {same:5.2f} s,"
        f" one changed {changed:5.2f} s; peak {peak / 1000:.0f} MB;"
        f" index {(site / 'index.html').stat().st_size / 1000:.0f} kB,"
        f" its data {script / 1000:.0f} kB,"
        f" compare {(site / 'compare/index.html').stat().st_size / 1000:.0f} kB",
        flush=True,
    )


def main() -> None:
    """Publish every number of models, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("counts", nargs="*", type=int, default=[100, 1000, 5000])
    parser.add_argument("--keep", type=Path, help="a directory for the sites")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        home = options.keep or Path(temporary)
        if len(options.counts) == 1:
            row(options.counts[0], home / str(options.counts[0]))
            return
        for count in options.counts:
            command = [sys.executable, "-m", __spec__.name, str(count), "--keep", str(home)]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
