"""Mutated sidecars and settings, through what reads them and through the whole command.

    python -m tests.benchmarks.fuzz_text [--count 10000] [--build 40] [--seed 1] [--kind sidecars]

Anything but a result or a `GalleryError` with a hint, anything that takes longer than `PATIENCE`,
and HTML with more than simple markup, is printed and counts as found. Then `--build` mutants of
each kind go through `gallery build`, which must change nothing outside its site and cache.
"""

from __future__ import annotations

import argparse
import collections
import random
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

from gallery.errors import GalleryError
from gallery.publishing.parts.anchors import PREFIX
from gallery.publishing.parts.hub_marks import TASK
from gallery.publishing.parts.prose import prose, summary
from gallery.settings.front_matter import words_of
from gallery.settings.gallery_toml import checked, example, read_settings
from tests.attacks.frame import contents
from tests.benchmarks.fuzz import not_to_be_said
from tests.conftest import NET, SETTINGS, run_gallery
from tests.hostile import hostile_sidecar
from tests.mutants import mutate
from tests.onnx_text import write

PATIENCE = 30
"""Seconds of one mutant; the machine may be busy with other work."""

ROOT = Path(__file__).parent.parent.parent

PIECES = (
    *(
        "[",
        "]",
        "{",
        "}",
        "(",
        ")",
        "<",
        ">",
        "&a",
        "*a",
        "<<: ",
        "!!int ",
        "!!binary ",
        "? ",
        "- ",
    ),
    *("---\n", "...\n", "0x", "1e", ":59", ".inf", "99999-01-01", "~", "null", "\n\n", "\t", "\0"),
    *(
        "\\ud800",
        "\u202e",
        "\ufeff",
        "\u2028",
        "'",
        '"',
        "'''",
        '"""',
        "`",
        "```\n",
        "*",
        "_",
        "**",
    ),
    *("![", "](", "|", "|-", "> ", "1. ", "# ", "<b>", "</b>", "<p>", "<table><td>", "<!--", "-->"),
    *(
        "<script>",
        "<svg onload=x>",
        "<a href='javascript:x'>",
        "javascript:",
        "&#106;",
        "<![CDATA[",
    ),
    *("[a]: b\n", "a.", " = ", "[[a]]\n", "[scan]\n", "dims = ", "2001-13-45", "../", "9" * 5000),
)

TAGS = frozenset(
    (
        *(
            "p",
            "br",
            "hr",
            "em",
            "strong",
            "del",
            "s",
            "sub",
            "sup",
            "code",
            "pre",
            "blockquote",
            "ul",
        ),
        *("ol", "li", "dl", "dt", "dd", "a", "h2", "h3", "h4", "h5", "h6", "table", "thead"),
        *("tbody", "tr", "th", "td"),
    )
)


class _Reader(HTMLParser):
    """Refuses all but simple markup."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, tag
        for name, value in attrs:
            assert name in ("href", "title", "rel", "id", "class"), name
            assert name != "class" or (tag, value) == ("li", TASK), value
            assert name != "id" or str(value).startswith(PREFIX), value
            scheme = "".join((value or "").split()).partition(":")[0].lower()
            assert name != "href" or scheme not in ("javascript", "data", "vbscript"), value


def sidecar(text: str, folder: Path) -> str:
    """How far a sidecar comes."""
    words = words_of(text)
    html = prose(words.prose)
    reader = _Reader()
    reader.feed(html)
    reader.close()
    summary(html).encode()
    repr(words).encode()
    return "read"


def settings(text: str, folder: Path) -> str:
    """How far a settings file comes."""
    path = folder / "gallery.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    read = read_settings(path)
    if read.templates == "":
        assert checked(read) == read
    return "read"


def sidecars() -> list[str]:
    """What is mutated: the sample models' sidecars, and one in which every word is hostile."""
    found = [path.read_text("utf-8") for path in sorted((ROOT / "models").glob("*.md"))]
    return [*found, hostile_sidecar()]


KINDS: dict[str, tuple[Callable[[], list[str]], Callable[[str, Path], str]]] = {
    "sidecars": (sidecars, sidecar),
    "settings": (lambda: [example(), SETTINGS, "dims = {a = 1}\n" + example()], settings),
}


def mutant(text: str, generator: random.Random) -> str:
    """The text with changed bytes, and with pieces put in, some of them many times."""
    if generator.randrange(3):
        for _ in range(generator.randrange(1, 6)):
            at = generator.randrange(len(text) + 1)
            times = generator.choice((1, 1, 1, 2, 7, 300, 3000))
            text = text[:at] + generator.choice(PIECES) * times + text[at:]
    if not generator.randrange(3):
        text = mutate(bytearray(text.encode()), generator).decode("utf-8", "replace")
    return text[: 200 * 1024]


def outcome(read: Callable[[str, Path], str], text: str, folder: Path) -> str:
    """What became of a mutant, or "found: ..." for a mistake of ours."""
    signal.alarm(PATIENCE)
    try:
        return read(text, folder)
    except GalleryError as error:
        whole = error.found and error.hint and len(str(error)) < 20_000
        return error.stage if whole else f"found: {str(error)[:200]}"
    except Exception:
        return "found: " + traceback.format_exc(limit=-4)
    finally:
        signal.alarm(0)


def fuzz(kind: str, count: int, seed: int, folder: Path) -> collections.Counter[str]:
    """Read mutants; how many came how far."""
    sources, read = KINDS[kind]
    originals, generator = sources(), random.Random(f"{seed}{kind}")
    seen: collections.Counter[str] = collections.Counter()
    started, slowest = time.perf_counter(), 0.0
    for number in range(count):
        text = mutant(generator.choice(originals), generator)
        begun = time.perf_counter()
        what = outcome(read, text, folder)
        slowest = max(slowest, time.perf_counter() - begun)
        if what.startswith("found"):
            (folder / f"{kind}-{number}.txt").write_bytes(text.encode("utf-8", "replace"))
            print(f"{kind}-{number}: {what}", flush=True)
        seen[what.partition(":")[0]] += 1
    seconds = time.perf_counter() - started
    print(f"{kind}: {count} in {seconds:.0f} s, slowest {slowest:.1f} s, {dict(seen)}", flush=True)
    return seen


def fuzz_build(count: int, seed: int, folder: Path) -> list[str]:
    """Build models with mutants beside them, then with mutated settings; what went wrong."""
    generator, wrong = random.Random(f"{seed}build"), list[str]()
    models = folder / "in" / "models"
    for number in range(count):
        write(models, NET, f"m{number}.onnx")
        text = mutant(generator.choice(sidecars()), generator)
        (models / f"m{number}.md").write_bytes(text.encode("utf-8", "replace"))
    (models / "gallery.toml").write_text(SETTINGS)
    for number in range(1 + count // 4):
        before = contents(folder / "in")
        done = run_gallery("build", models, "-o", folder / "out" / "site")
        if done.returncode not in (0, 1, 2) or (not number and done.returncode == 2):
            wrong.append(f"exit status {done.returncode}: {done.stderr[-500:]}")
        wrong += not_to_be_said(done.stderr)
        if contents(folder / "in") != before or len(list(folder.iterdir())) > 2:
            wrong.append("the build changed something outside its place")
        text = mutant(SETTINGS, generator)
        (models / "gallery.toml").write_bytes(text.encode("utf-8", "replace"))
        for path in (*models.glob("m?*.onnx"), *models.glob("m?*.md")):
            if path.stem not in ("m0", "m1"):
                path.unlink()
    return wrong


def main() -> int:
    """Run both; 1 where something was found."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=10_000)
    options.add_argument("--build", type=int, default=40)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--kind", choices=KINDS, help="only this one")
    options.add_argument("--keep", type=Path, help="directory for what was found")
    given = options.parse_args()

    def late(_signal: int, _frame: object) -> None:
        raise TimeoutError(f"more than {PATIENCE} s")

    signal.signal(signal.SIGALRM, late)
    with tempfile.TemporaryDirectory() as name:
        folder = given.keep or Path(name) / "kept"
        folder.mkdir(parents=True, exist_ok=True)
        kinds = [given.kind] if given.kind else list(KINDS)
        found = sum(fuzz(kind, given.count, given.seed, folder)["found"] for kind in kinds)
        place = Path(name) / "build"
        wrong = fuzz_build(given.build, given.seed, place) if given.build else []
    print("\n".join(wrong) or "the builds said nothing wrong")
    return 1 if wrong or found else 0


if __name__ == "__main__":
    sys.exit(main())
