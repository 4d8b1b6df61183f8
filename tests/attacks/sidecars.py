"""Attacks by what stands beside a model: its sidecar."""

from __future__ import annotations

from tests.attacks.frame import Ground, attack

HEADS = {
    "huge": "year: 0x" + "f" * 5_000,
    "deep": "tags: " + "[" * 300 + "]" * 300,
    "minutes": "year: 1" + ":59" * 2_000 + ".5",
    "bomb": "a: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{f'*a{i - 1},' * 9}]\n" for i in range(1, 12)),
    "tagged": "year: !!int ''",
    "half": 'title: "\\ud800"',
    "long": "\n".join(f"k{i}: 1" for i in range(1_500)),
}

TEXTS = {
    "brackets": "[" * 60_000,
    "images": "![" * 30_000 + "]" * 30_000,
    "marks": '"a ' * 15_000 + "a' " * 15_000,
    "tags": "<b>" * 15_000 + "x\n\n" * 15_000,
    "tables": "<table><tr><td>" * 4_000,
    "quotes": "> " * 30_000,
    "lists": "- " * 30_000,
    "backticks": "".join("e" + "`" * size for size in range(300)),
}


@attack("sidecars", "a hostile front matter costs its words alone", short=True)
def heads(ground: Ground) -> None:
    net = (ground.models / "first.onnx").read_bytes()
    for name, head in HEADS.items():
        (ground.models / f"{name}.onnx").write_bytes(net)
        (ground.models / f"{name}.md").write_text(f"---\n{head}\n---\nProse.\n")
    (ground.models / "FIRST.md").write_text("Prose.")
    ended = ground.build()
    ended.told(0, "note: FIRST.md is not the sidecar of first.onnx")
    ended.told(0, *(f"note: {name}.onnx: {name}.md: " for name in HEADS if name != "long"))
    for name in (*HEADS, "first", "deep-second"):
        assert (ground.site / name / "index.html").is_file(), name


@attack("sidecars", "Markdown and HTML that take parsers quadratic time stop nothing")
def texts(ground: Ground) -> None:
    net = (ground.models / "first.onnx").read_bytes()
    for name, text in TEXTS.items():
        (ground.models / f"{name}.onnx").write_bytes(net)
        (ground.models / f"{name}.md").write_text(text)
    ground.build(env={"PYTHONFAULTHANDLER": "1"}).told(0)
    for name in TEXTS:
        assert (ground.site / name / "index.html").is_file(), name
