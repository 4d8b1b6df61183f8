"""How kernels are compiled: numba's decorators, with a cache of our own and less work.

None of them allows LLVM's fast math, which may reorder sums and fuse products with them as the
processor suits: pictures have to be the same on all processors.
"""

from gallery.jit.calls import each, read_only
from gallery.jit.decorators import inner_kernel, kernel, parallel_kernel

__all__ = ["each", "inner_kernel", "kernel", "parallel_kernel", "read_only"]
