"""Compiles kernels in less time, to the same code but for what nobody calls.

numba turns each function into machine code as soon as it is compiled, even one that only other
kernels call, which hold copies of it. And it optimises the body of each parallel loop and turns it
into machine code four times: by itself, with what unpacks the arguments of calls from Python; in
two wrappers; and in its kernel. Here all of these are only linked, and machine code is made of what
is called. That holds for what `gallery.jit` compiles and what it needs; others see numba as it is.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

from numba.core import event
from numba.core.codegen import JITCodeLibrary, JITCPUCodegen
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import FunctionPass, register_pass
from numba.core.typed_passes import ParforPreLoweringPass
from numba.parfors.parfor import Parfor

_WRAPPERS = "parallelgufuncwrapper", "<numba.np.ufunc.wrappers."
"""How the names of numba's two wrappers of a parallel loop's body begin."""

_CHANGED = (
    *((JITCPUCodegen, name) for name in ("_library_class", "set_env")),
    *((JITCodeLibrary, name) for name in ("_optimize_final_module", "_finalize_final_module")),
    *((JITCodeLibrary, name) for name in ("_finalize_dynamic_globals", "_ensure_finalized")),
    *((JITCodeLibrary, name) for name in ("serialize_using_bitcode", "get_defined_functions")),
)
"""What is not numba's public interface: the same from version 0.61 to 0.68."""


class _Compiling(event.Listener):  # type: ignore[misc]
    """Whether a kernel of ours is being compiled, with all that it calls.

    Meanwhile nobody looks for garbage: there is little among the millions of objects that numba
    makes, and to look at them again and again takes an eighth of the time.
    """

    def __init__(self, is_ours: Callable[[Any], bool]) -> None:
        self._is_ours = is_ours
        self._depth = 0
        self._collects = False

    def __bool__(self) -> bool:
        return self._depth > 0

    def on_start(self, told: Any) -> None:
        """A function begins to be compiled."""
        if self._depth == 0 and self._is_ours(told.data["dispatcher"]):
            self._collects = gc.isenabled()
            gc.disable()
        elif self._depth == 0:
            return
        self._depth += 1

    def on_end(self, told: Any) -> None:
        """It has been compiled, or has failed to be."""
        self._depth = max(self._depth - 1, 0)
        if self._depth == 0 and self._collects:
            self._collects = False
            gc.enable()


@register_pass(mutates_CFG=False, analysis_only=False)
class _Bodies(FunctionPass):  # type: ignore[misc]
    """Says of the bodies of parallel loops that Python does not call them."""

    _name = "gallery_bodies"

    def __init__(self) -> None:
        super().__init__()

    def run_pass(self, state: Any) -> bool:
        for block in state.func_ir.blocks.values():
            for loop in block.find_insts(Parfor):
                loop.flags = loop.flags.copy()
                loop.flags.no_cpython_wrapper = True
        return True


class ParallelCompiler(CompilerBase):  # type: ignore[misc]
    """Compiles kernels with parallel loops."""

    def define_pipelines(self) -> list[Any]:
        """The one that numba has, and `_Bodies`."""
        passes = DefaultPassBuilder.define_nopython_pipeline(self.state)
        passes.add_pass_after(_Bodies, ParforPreLoweringPass)
        passes.finalize()
        return [passes]


def link_kernels(is_ours: Callable[[Any], bool]) -> None:
    """Let numba do so from now on, unless it is a version that is built otherwise.

    Args:
        is_ours: Whether a function of numba's (a dispatcher) is a kernel of `gallery.jit`.
    """
    if not all(hasattr(*one) for one in _CHANGED):
        return
    compiling = _Compiling(is_ours)
    event.register("numba:compile", compiling)
    environments: dict[str, Any] = {}
    set_at_once = JITCPUCodegen.set_env

    def set_env(codegen: Any, name: str, environment: Any) -> None:
        # What a function says of errors; the variable for it is in the machine code of a caller.
        if codegen._engine.is_symbol_defined(name):
            set_at_once(codegen, name, environment)
        else:
            environments[name] = environment

    class Library(JITCodeLibrary):  # type: ignore[misc]
        """The code of a function and of all that it calls."""

        def __init__(self, codegen: Any, name: str) -> None:
            super().__init__(codegen, name)
            self._waits = bool(compiling)

        def _optimize_final_module(self) -> None:
            if not (self._waits and self.name.startswith(_WRAPPERS)):
                super()._optimize_final_module()

        def _finalize_final_module(self) -> None:
            if self._waits and not (self._object_caching_enabled and self._compiled_object):
                self._finalize_dynamic_globals()
                self._finalized = True
            else:
                self._waits = False
                super()._finalize_final_module()
                for variable in self._final_module.global_variables:
                    if variable.name in environments:
                        set_at_once(self._codegen, variable.name, environments.pop(variable.name))

        def get_pointer_to_function(self, name: str) -> int:
            self._ensure_finalized()
            if self._waits and any(one.name == name for one in self.get_defined_functions()):
                self._waits = False
                self._finalize_final_module()
            return int(super().get_pointer_to_function(name))

        def serialize_using_object_code(self) -> Any:
            self._ensure_finalized()
            if self._waits:
                return self.serialize_using_bitcode()
            return super().serialize_using_object_code()

    JITCPUCodegen._library_class = Library
    JITCPUCodegen.set_env = set_env
