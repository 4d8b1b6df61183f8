"""What is known of each line of a batch, and where it is kept.

Each quantity has an array of its own within one that holds them all; these are the offsets of the
first line. (Of so many single arrays, the compiler could not tell that they do not overlap.)
"""

from __future__ import annotations

BATCH = 512
"""Lines worked out at a time; what is known of them fits in the caches of a core."""

# Both ends, the light of the reader, and the number of the part: given.
AX, AY, BX, BY, GAIN, PART = (BATCH * i for i in range(6))
# Light of the line; where it stands in the table of the light by length.
WEIGHT, PLACE = (BATCH * i for i in range(6, 8))
# Near side in the middle of the second column, slope, width across; where the line begins and ends,
# in columns from there.
LOW, SLOPE, WIDE, BEGIN, END = (BATCH * i for i in range(8, 13))
# Share of the way from end to end in the middle of the first column, the second and the last, each
# of what the line covers of it; and the step from one column between to the next.
SHARE_FIRST, SHARE, SHARE_LAST, STEP = (BATCH * i for i in range(13, 17))
FLOATS = 17

# Pixel 0 of the first column; number of columns; slot in the order by length; whether the line runs
# from reader to source.
START, COLUMNS, SLOT, SWAPPED = (BATCH * i for i in range(4))
INTEGERS = 4

# In each colouring: rows of the colours at both ends.
TINT_FIRST, TINT_LAST = (BATCH * i for i in range(2))
TINTS = 2
