"""Laws of packing."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gallery.placement.packing import pack


@settings(max_examples=50, deadline=None)
@given(sizes=st.lists(st.integers(1, 12), min_size=1, max_size=30), seed=st.integers(0, 99))
def test_circles_of_parts_never_meet_and_parts_keep_their_shape(
    sizes: list[int], seed: int
) -> None:
    part = np.repeat(np.arange(len(sizes)), sizes).astype(np.int32)
    random = np.random.default_rng(seed)
    places = (random.standard_normal((len(part), 2)) * (part[:, None] % 4)).astype(np.float32)
    body = random.random(len(part)).astype(np.float32)
    packed = pack(places, part, body)
    shift = packed - places
    radius = np.zeros(len(sizes))
    np.maximum.at(radius, part, np.hypot(*places.T) + body)
    first = np.concatenate([[0], np.cumsum(sizes)])[:-1]
    np.testing.assert_allclose(shift, shift[first][part], atol=1e-3)
    centre = shift[first].astype(np.float64)
    apart = np.hypot(*(centre[:, None] - centre[None]).transpose(2, 0, 1))
    needed = radius[:, None] + radius[None]
    np.fill_diagonal(needed, 0)
    assert (apart >= needed).all()
