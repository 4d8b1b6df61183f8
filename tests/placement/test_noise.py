"""Random points against what is known of their distribution."""

import numpy as np

from gallery.placement.noise import scattered_around


def test_points_are_close_to_normal_around_their_centres() -> None:
    centres = np.array([[3, -2], [0, 5]], np.float32)
    radius = np.array([0.5, 2.0], np.float32)
    centre = np.arange(40_000, dtype=np.int32) % 2
    points = scattered_around(centres, centre, radius, np.random.default_rng(1))
    shares = (points - centres[centre]) / radius[centre][:, None]
    np.testing.assert_allclose(shares.mean(axis=0), 0, atol=0.02)
    np.testing.assert_allclose(np.cov(shares.T), np.eye(2), atol=0.03)
    # Of normal numbers, 4.6 % are further than two standard deviations.
    assert abs((np.abs(shares) > 2).mean() - 0.046) < 0.008
    after = np.corrcoef(shares[:-1].T, shares[1:].T)[:2, 2:]
    np.testing.assert_allclose(after, 0, atol=0.02)


def test_the_generator_gives_the_key() -> None:
    def points(seed: int) -> bytes:
        centre = np.zeros(3, np.int32)
        random = np.random.default_rng(seed)
        around = scattered_around(
            np.zeros((1, 2), np.float32), centre, np.ones(1, np.float32), random
        )
        return around.tobytes()

    assert points(1) == points(1) != points(2)
