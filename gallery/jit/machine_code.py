"""Compiles kernels in less time, to the same code but for what nobody calls.

numba optimises each function and turns it into machine code as soon as it is compiled, even one
that only other kernels call, which hold copies of it and optimise these again. And it optimises the
body of each parallel loop and turns it into machine code four times: by itself, with what unpacks
the arguments of calls from Python; in two wrappers; and in its kernel. Here each function is
simplified by itself, and what is called from Python is then optimised with all that it calls and
turned into machine code; the rest is only linked.

numba also keeps the code before it becomes machine code, for callers that are compiled later, and a
process that loads a kernel parses all of it. Here it is parsed when a caller is compiled.

All that holds for what `gallery.jit` compiles and what it needs; others see numba as it is.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, ClassVar

from llvmlite import binding
from numba.core import codegen as numba_codegen
from numba.core.codegen import JITCodeLibrary, JITCPUCodegen
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import FunctionPass, register_pass
from numba.core.cpu import CPUContext
from numba.core.typed_passes import ParforPreLoweringPass
from numba.parfors.parfor import Parfor

from gallery.jit.compiling import Compiling

_CHANGED = (
    *((JITCPUCodegen, name) for name in ("_library_class", "set_env")),
    *((JITCodeLibrary, name) for name in ("_optimize_functions", "_optimize_final_module")),
    *((JITCodeLibrary, name) for name in ("_finalize_final_module", "_finalize_dynamic_globals")),
    *((JITCodeLibrary, name) for name in ("_ensure_finalized", "serialize_using_bitcode")),
    *((JITCodeLibrary, name) for name in ("get_defined_functions", "_get_module_for_linking")),
    *((JITCodeLibrary, name) for name in ("_unserialize", "_set_compiled_object")),
    (CPUContext, "create_cfunc_wrapper"),
)
"""What is not numba's public interface: the same from version 0.61 to 0.68."""

_MANAGERS_ARE_SHARED = not hasattr(numba_codegen, "create_pass_builder")
"""Whether numba makes what runs LLVM's passes once a module, as it did up to version 0.61."""

_NAMED = "object with names"
"""Kind of what is kept of a function: machine code, bitcode, and the names that both define."""


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


class _Library(JITCodeLibrary):  # type: ignore[misc]
    """The code of a function and of all that it calls.

    Attributes:
        compiling: Whether a kernel is being compiled.
        set_at_once: numba's own way to set the variable of an environment.
        environments: What functions say of errors, by the name of the variable for it, until a
            caller's machine code has it.
        is_linked: Whether it waits for its machine code to be asked for.
        is_ours: Whether it is needed for a kernel of ours.
    """

    compiling: Compiling
    set_at_once: Callable[[Any, str, Any], None]
    environments: ClassVar[dict[str, Any]] = {}

    def __init__(self, codegen: Any, name: str) -> None:
        super().__init__(codegen, name)
        self.is_linked = bool(self.compiling)
        self.is_ours = self.is_linked
        self._unparsed = b""

    def _optimize_functions(self, module: Any) -> None:
        if not self.is_linked or _MANAGERS_ARE_SHARED:
            super()._optimize_functions(module)
            return
        # numba makes a manager for each function, even for the many that are only declared.
        module.data_layout = self._codegen._data_layout
        manager, builder = self._codegen._function_pass_manager()
        for function in module.functions:
            if not function.is_declaration:
                manager.run(function, builder)

    def _optimize_final_module(self) -> None:
        if not self.is_linked:
            super()._optimize_final_module()

    def _finalize_final_module(self) -> None:
        if self.is_linked and not (self._object_caching_enabled and self._compiled_object):
            self._finalize_dynamic_globals()
            self._finalized = True
            return
        self.is_linked = False
        super()._finalize_final_module()
        for variable in self._final_module.global_variables:
            if variable.name in self.environments:
                environment = self.environments.pop(variable.name)
                _Library.set_at_once(self._codegen, variable.name, environment)

    def get_pointer_to_function(self, name: str) -> int:
        """The address of a function's machine code, which is made now if it is of this library."""
        self._ensure_finalized()
        if self.is_linked and any(one.name == name for one in self.get_defined_functions()):
            self.is_linked = False
            self._optimize_final_module()
            self._finalize_final_module()
        return int(super().get_pointer_to_function(name))

    def serialize_using_object_code(self) -> Any:
        """What the cache keeps: with the names that the machine code defines, if it is ours."""
        self._ensure_finalized()
        if self.is_linked:
            return self.serialize_using_bitcode()
        name, kind, data = super().serialize_using_object_code()
        if not self.is_ours:
            return name, kind, data
        return name, _NAMED, (*data, _defined_in(self._get_module_for_linking()))

    @classmethod
    def _unserialize(cls, codegen: Any, state: Any) -> Any:
        name, kind, data = state
        if kind != _NAMED:
            return super()._unserialize(codegen, state)
        made = codegen.create_library(name)
        made.enable_object_caching()
        machine_code, made._unparsed, names = data
        made._set_compiled_object(machine_code)
        made._finalize_final_module()
        codegen._engine._defined_symbols.update(names)
        return made

    def _get_module_for_linking(self) -> Any:
        if self._unparsed:
            self._shared_module = binding.parse_bitcode(self._unparsed)
            self._unparsed = b""
        return super()._get_module_for_linking()


def link_kernels(compiling: Compiling) -> None:
    """Let numba do so from now on, unless it is a version that is built otherwise.

    Args:
        compiling: Whether a kernel is being compiled.
    """
    if not all(hasattr(*one) for one in _CHANGED):
        return
    make_for_c = CPUContext.create_cfunc_wrapper
    _Library.compiling, _Library.set_at_once = compiling, JITCPUCodegen.set_env

    def set_env(codegen: Any, name: str, environment: Any) -> None:
        # What a function says of errors; the variable for it is in the machine code of a caller.
        if codegen._engine.is_symbol_defined(name):
            _Library.set_at_once(codegen, name, environment)
        else:
            _Library.environments[name] = environment

    def create_cfunc_wrapper(context: Any, library: Any, *given: Any, **named: Any) -> None:
        # NumPy's functions and the bodies of parallel loops have one too, which nobody calls.
        if not getattr(library, "is_linked", False):
            make_for_c(context, library, *given, **named)

    JITCPUCodegen._library_class = _Library
    JITCPUCodegen.set_env = set_env
    CPUContext.create_cfunc_wrapper = create_cfunc_wrapper


def _defined_in(module: Any) -> list[str]:
    """Names of the functions and variables that a module does not merely declare."""
    there = itertools.chain(module.functions, module.global_variables)
    return [one.name for one in there if not one.is_declaration]
