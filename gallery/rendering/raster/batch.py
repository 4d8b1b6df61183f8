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
# Near side in the middle of the second column, slope, width across, share of the way from end to
# end there, and its step.
LOW, SLOPE, WIDE, SHARE, STEP = (BATCH * i for i in range(8, 13))
# First column: how far into its first pixel the line is, share of its width, share of the way.
NEAR_FIRST, STRENGTH_FIRST, SHARE_FIRST = (BATCH * i for i in range(13, 16))
# The same of the last one.
NEAR_LAST, STRENGTH_LAST, SHARE_LAST = (BATCH * i for i in range(16, 19))
FLOATS = 19

# First pixel of the first column and of the last; pixel 0 of the second column; number of columns;
# slot in the order by length; whether the line runs from reader to source; rows of the colours at
# its ends.
FIRST, LAST, START, COLUMNS, SLOT, SWAPPED = (BATCH * i for i in range(6))
TINT_FIRST, TINT_LAST = (BATCH * i for i in range(6, 8))
INTEGERS = 8
