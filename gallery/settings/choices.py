"""The words that settings may take."""

from __future__ import annotations

from gallery.settings import attributes

# The packages that do the work define these names too; they are repeated here so that settings are
# checked and `--help` is printed without importing numba. A test compares them.
PASSES = ("forward", "training")
GROUNDS = ("dark", "light")
TARGETS = ("ipu1", "ipu2", "h100")
ARRANGEMENTS = ("hemispheres", "free")
EXPOSURES = ("auto", "work", "traffic", "even")
SKELETONS = ("dot", "neato", "fdp", "sfdp", "circo", "twopi", "osage", "patchwork")
ATTRIBUTES = attributes.ATTRIBUTES
FAMILY_PALETTES = (
    "ember",
    "lagoon",
    "meadow",
    "heather",
    "amber",
    "patina",
    "berry",
    "frost",
    "shore",
)
"""Palettes that are given to families of networks."""
PALETTES = (
    "aurora",
    "orchid",
    *FAMILY_PALETTES,
    "spectrum",
    "fire",
    "bmy",
    "kbc",
    "CET_CBL1",
    "CET_CBL2",
    "CET_CBTL1",
    "CET_C6",
    "CET_C7",
    "okabe-ito",
    "glasbey",
)
GRAPHS = ("dot", "graphml", "npz")
"""Formats of graphs for other programs."""
WEIGHTS = ("light", "full")
CATEGORIES = tuple(name for name, one in attributes.TABLE.items() if one.categorical)
"""Attributes whose values are categories."""
SETS = ("okabe-ito", "glasbey")
"""Palettes without an order, which suit categories only."""

EXPORTS = ("together", "each", "apart")
"""Pages and scans of the exports of one model."""
ORDERS = ("family", "year", "size", "name")
"""Orders of the models of a wall."""
HEIGHTS = ("order", "pass")
"""What the height of a tilted scan stands for."""
AUTO = "auto"
"""A vertex budget that the limits decide."""
