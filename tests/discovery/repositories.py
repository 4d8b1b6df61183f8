"""Repositories of models as people lay them out, rebuilt as folders with small networks in them.

    python -m tests.discovery.repositories DIRECTORY     writes all of them
    python -m tests.discovery.repositories --build SITE  builds them and prints a table by habit

They are listed in repositories.txt. The networks and the words of the cards are our own; paths and
the form of the cards are those of repositories on model hubs.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from gallery.pipeline.build import build
from tests.discovery.small_networks import PRECISIONS, network

_TABLE = Path(__file__).with_suffix(".txt")
_CONFIG = re.compile(r"(.*genai_config\.json)\((.*)\)")
_FILE = re.compile(r"(.+)=([a-z]+\d*)(?:!(\w+))?(?:@(\d+))?")
_BRACES = re.compile(r"(.*?)\{([^{}]*)\}(.*)")
_PRECISION = re.compile(rf"(?:^|[_./-])({'|'.join(PRECISIONS)})(?=[_./-]|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A folder.

    Attributes:
        habit: Whose layout it is.
        pages: How many models it shows.
        parts: Roles of the components, in the order in which data flows.
        models: Content of each model's file, by path.
        others: Content of each other file, by path.
    """

    habit: str
    pages: int
    parts: tuple[str, ...]
    models: Mapping[str, bytes]
    others: Mapping[str, bytes]

    def write(self, folder: Path) -> None:
        """Write it."""
        for name, content in {**self.models, **self.others}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def _card(head: str, prose: str = "An own card.") -> str:
    return f"---\n{head.strip()}\n---\n\n# A model\n\n{prose}\n"


BROWSER = _card(
    "base_model: acme/net\nlibrary_name: transformers.js\npipeline_tag: feature-extraction",
    "To run it in a browser:\n\n```js\nconst pipe = await pipeline('feature-extraction');\n```",
)
OPTIMUM = _card(
    "license: apache-2.0\nlanguage:\n- en\n- no\ntags:\n- onnx\n- sentence-similarity\n"
    "datasets: [acme/pairs]\nmetrics:\n- accuracy"
)
MEASURED = _card(
    "license: other\nlicense_name: acme-1.0\nlicense_link: LICENSE\nthumbnail: https://a.example/t.png\n"
    "co2_eq_emissions:\n  emissions: 12.5\nmodel-index:\n- name: net\n  results:\n"
    "  - task: {type: image-classification}\n    dataset: {name: Pictures, type: pictures}\n"
    "    metrics:\n    - {type: accuracy, value: 81.10}"
)
BARE = "# net\n\nNo head at all, and a [link](https://arxiv.org/abs/1706.03762).\n"
WINDOWS = "\ufeff---\r\nlicense: mit\r\ntags:\r\n- onnx\r\n---   \r\nWords.\r\n"
TOML = '+++\nlicense = "mit"\ntags = ["onnx"]\n+++\nWords.\n'
BROKEN = "---\nlicense: [mit\ntags: {\n---\nWords all the same.\n"
UNCLOSED = "---\nlicense: mit\n\n# Words that the head swallows\n"
HOSTILE = _card(
    "license: mit\nx_secret: {a: [1, 2]}\nlanguage: 12:30\ntags: [2024-01-01, 012, 1.10]",
    '<script>alert(1)</script><img src="https://tracker.example/p.gif" onerror="x()">',
)
# As PyYAML writes a data set that is in two places, and Python's own objects.
WRITTEN = _card(
    "license: mit\nmodel-index:\n- name: net\n  results:\n  - task: {type: sts}\n"
    "    dataset: &id001 {name: Pairs, type: pairs, config: en, split: test}\n"
    "    metrics: [{type: pearson, value: 81.2}]\n  - task: {type: ranking}\n"
    "    dataset: *id001\n    metrics: [{type: map, value: !!python/float 0.5}]"
)
MANY = _card(
    "license: mit\nlanguage: multilingual\nmodel-index:\n- name: net\n  results:\n"
    + "".join(
        f"  - task: {{type: retrieval}}\n    dataset: {{name: Data {i}, type: d{i}, revision: a}}\n"
        f"    metrics:\n    - type: ndcg_at_10\n      value: {i}.25\n"
        for i in range(1000)
    )
)
BLANK_FIRST = f"\n\n{OPTIMUM}"
CARDS = (
    *(BROWSER, OPTIMUM, MEASURED, BARE, WINDOWS, TOML, BROKEN, UNCLOSED, HOSTILE, ""),
    *(WRITTEN, MANY, BLANK_FIRST),
)


def _repositories() -> Iterator[tuple[str, Repository]]:
    habit, number = "", 0
    for line in _TABLE.read_text("utf-8").splitlines():
        if line.startswith("["):
            habit = line.strip("[]")
        elif line and not line.startswith("#"):
            name, pages, parts, *files = line.split()
            yield f"{habit}/{name}", _repository(habit, int(pages), parts, files, number)
            number += 1


def _repository(
    habit: str, pages: int, parts: str, files: Iterable[str], number: int
) -> Repository:
    models: dict[str, bytes] = {}
    others: dict[str, bytes] = {}
    for one in (name for text in files for name in _expanded(text)):
        if match := _FILE.fullmatch(one):
            path, kind, precision, opset = match.groups()
            named = _PRECISION.findall(path)
            told = precision or (named[-1] if named else "fp32")
            models[f"{path}.onnx"] = network(kind, told, int(opset or 20))
        elif match := _CONFIG.fullmatch(one):
            roles = dict(role.split("=") for role in match[2].split(","))
            model = {role: {"filename": name} for role, name in roles.items()}
            others[match[1]] = json.dumps({"model": {"type": "x", **model}}).encode()
        else:
            others[one.removeprefix("+")] = b"x"
    if card := CARDS[number % len(CARDS)]:
        others["README.md"] = card.encode()
    roles = () if parts == "-" else tuple(one.replace("_", " ") for one in parts.split(","))
    return Repository(habit=habit, pages=pages, parts=roles, models=models, others=others)


def _expanded(text: str) -> Iterator[str]:
    """All texts that a text with alternatives in braces stands for."""
    match = _BRACES.fullmatch(text)
    if match is None:
        yield text
        return
    for one in match[2].split(","):
        yield from _expanded(match[1] + one + match[3])


REPOSITORIES = dict(_repositories())
"""All repositories, by habit and name."""


def write_all(folder: Path) -> None:
    """Write all repositories below a folder."""
    for name, one in REPOSITORIES.items():
        one.write(folder / name)


SETTINGS = """[scan]
vertices = 1500
[variants]
sizes = [320]
size = [320]
names = false
training = false
light = false
skeletons = []
colors = []
diagram = false
poster = false
viewer = false
"""
"""Few and small pictures: the layouts are what is built here."""


def built_table(site: Path) -> str:
    """Build all repositories as one gallery; a line for each habit and their sum.

    Args:
        site: Where the site is written, with the repositories and the cache beside it.
    """
    models = site.parent / "repositories"
    write_all(models)
    (models / "gallery.toml").write_text(SETTINGS)
    report = build(models, site)
    rows: dict[str, Counter[str]] = {one.habit: Counter() for one in REPOSITORIES.values()}
    for one in REPOSITORIES.values():
        rows[one.habit].update(repositories=1, pages=one.pages, files=len(one.models))
    for model in report.models:
        failed = model.status == "failed"
        rows[model.path.split("/")[0]].update(failed=failed, notes=bool(model.notes))
    columns = ("repositories", "files", "pages", "failed", "notes")
    rows["all"] = sum(rows.values(), Counter())
    lines = [f"{'habit':<20}" + "".join(f"{name:>14}" for name in columns)]
    lines += [
        f"{habit:<20}" + "".join(f"{found[name]:>14}" for name in columns)
        for habit, found in rows.items()
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--build"]:
        print(built_table(Path(sys.argv[2]).resolve()))
    else:
        write_all(Path(sys.argv[1]))
