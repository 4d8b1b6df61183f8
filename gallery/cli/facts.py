"""Facts as lines of text."""

from __future__ import annotations

from gallery.costs.facts import Facts
from gallery.text import printable


def facts_table(facts: Facts) -> str:
    """Facts as lines of text."""

    def known(number: int | None) -> str:
        return "unknown" if number is None else f"{number:,}"

    inputs = ", ".join(f"{one.name} {one.dtype}{_shape(one.shape)}" for one in facts.inputs)
    outputs = ", ".join(f"{one.name} {one.dtype}{_shape(one.shape)}" for one in facts.outputs)
    rows = [
        ("model", facts.name),
        ("file", f"{facts.file_bytes:,} bytes"),
        ("parameters", known(facts.parameters)),
        ("MACs", known(facts.macs)),
        ("FLOPs", known(facts.flops)),
        ("activations", known(facts.activations)),
        ("peak", _peak(facts)),
        ("operators", known(facts.operators)),
        ("depth", known(facts.depth)),
        ("inputs", inputs),
        ("outputs", outputs),
        ("opsets", ", ".join(f"{name} {version}" for name, version in facts.opsets.items())),
        ("producer", facts.producer or "unknown"),
        ("types", ", ".join(f"{name} {count}" for name, count in facts.histogram.items())),
        (
            "dimensions",
            ", ".join(
                f"{name}={size}" + (" (assumed)" if name in facts.assumed else "")
                for name, size in facts.bindings.items()
            )
            or "none",
        ),
    ]
    if facts.layers_found:
        rows.append(("layers", f"{len(facts.layers) - 1:,}, found from the structure of the graph"))
    if len(facts.macs_by_dtype) > 1:
        kinds = ", ".join(f"{name} {n:,}" for name, n in facts.macs_by_dtype.items())
        rows.append(("MACs by type", kinds))
    if facts.forest:
        rows.append(("forest", ", ".join(f"{name} {n:,}" for name, n in facts.forest.items())))
    if facts.tables:
        rows.append(("tables", ", ".join(f"{name} {n:,}" for name, n in facts.tables.items())))
    if facts.uncounted:
        uncounted = ", ".join(f"{name} {count}" for name, count in facts.uncounted.items())
        rows.append(("not counted", uncounted))
    lines = [f"{name:<12} {printable(text)}" for name, text in rows]
    return "\n".join([*lines, *(f"note: {printable(warning)}" for warning in facts.warnings)])


def _peak(facts: Facts) -> str:
    """Most memory of activations at a time, and what a further sample costs."""
    if facts.peak_bytes is None:
        return "unknown"
    where = f" at {facts.peak_operator}" if facts.peak_operator else ""
    further = f"{facts.peak_sample_bytes:,} more for each further sample"
    return f"{facts.peak_bytes:,} bytes of activations{where}; {further}"


def _shape(shape: tuple[int | str | None, ...] | None) -> str:
    if shape is None:
        return "[unknown]"
    return "[" + ", ".join("?" if size is None else str(size) for size in shape) + "]"
