"""Parallel processors that work can be split for, with the public sources of their figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gallery.errors import LowerError


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A parallel processor.

    Attributes:
        name: Short name for settings.
        title: Full name.
        tiles: Number of cores with local memory; data between two of them is exchange.
        threads: Number of workers per tile.
        flops: Peak of the whole processor in half precision, in floating-point operations per
            second.
        bandwidth: Bandwidth of the local memories together, in bytes per second.
        vector_flops: Peak of the whole processor in single precision, which stands for all work but
            contractions, in floating-point operations per second.
        memory: Bytes of memory that a run can use: of all tiles together, or of the device.
        exchange: Bytes per second that all tiles together can send one another; where memory is
            shared, its bandwidth.
        sync: Seconds before each step: the tiles synchronise, or a kernel is launched. Not
            published: assumed to be some 150 clocks, or what a kernel of a CUDA graph waits.
        shared: Whether all tiles share one memory, rather than each having a part.
        source: Where the figures are published.
    """

    name: str
    title: str
    tiles: int
    threads: int
    flops: float
    bandwidth: float
    vector_flops: float
    memory: float
    exchange: float
    sync: float
    shared: bool = False
    source: str

    @property
    def intensity(self) -> float:
        """FLOPs that take as long as moving one byte (the ridge of the roofline model).

        Williams, Waterman, Patterson: Roofline, CACM 52(4), 2009.
        """
        return self.flops / self.bandwidth


TARGETS: Mapping[str, Target] = MappingProxyType(
    {
        target.name: target
        for target in (
            Target(
                name="ipu1",
                title="Graphcore Colossus GC2",
                tiles=1216,
                threads=6,
                flops=124.5e12,
                bandwidth=45e12,
                vector_flops=31.1e12,
                memory=1216 * 256 * 1024,
                exchange=7.7e12,
                sync=0.1e-6,
                source="Jia et al., Dissecting the Graphcore IPU Architecture via "
                "Microbenchmarking, arXiv:1912.03413",
            ),
            Target(
                name="ipu2",
                title="Graphcore Colossus GC200",
                tiles=1472,
                threads=6,
                flops=250e12,
                bandwidth=47.5e12,
                vector_flops=62.5e12,
                memory=1472 * 624 * 1024,
                exchange=8e12,
                sync=0.12e-6,
                source="Graphcore, IPU-M2000 product brief (MK2 GC200 IPU); 624 KiB a tile",
            ),
            Target(
                name="h100",
                title="NVIDIA H100 SXM5",
                tiles=132,
                threads=4,
                flops=989.4e12,
                bandwidth=33e12,
                vector_flops=66.9e12,
                memory=80e9,
                exchange=3.35e12,
                sync=1e-6,
                shared=True,
                source="NVIDIA, H100 Tensor Core GPU Architecture (white paper); bandwidth is "
                "that of shared memory: 132 SMs x 128 B a clock x 1.98 GHz",
            ),
        )
    }
)


def target_named(name: str) -> Target:
    """The target of this name.

    Raises:
        LowerError: There is no such target.
    """
    if name not in TARGETS:
        found = f"there is no target {name!r}"
        raise LowerError(found, hint=f"choose one of {', '.join(TARGETS)}")
    return TARGETS[name]
