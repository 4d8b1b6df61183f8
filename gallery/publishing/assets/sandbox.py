"""A Jinja environment in which a template can neither reach the program nor run for ever."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sized
from dataclasses import fields, is_dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from jinja2 import Template, TemplateRuntimeError, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedFormatter

MOST_STEPS = 10_000_000
"""Most turns of loops, calls and includes of one page; a page of the gallery takes thousands."""

COST_OF_CALL = 20
"""Steps of a call, which takes so many times as long as a turn of a loop."""

LONGEST_PRODUCT = 1 << 20
"""Longest text or list that `*` may make."""

_GLOBALS = frozenset({"range", "dict", "cycler", "joiner", "namespace"})


class _CountingGenerator(CodeGenerator):
    """Compiles loops so that their turns are counted."""

    def visit_For(self, node: nodes.For, frame: Frame) -> None:  # noqa: N802 - named by Jinja
        """Compile a loop."""
        counted = nodes.EnvironmentAttribute("counted")
        node.iter = nodes.Call(counted, [node.iter], [], None, None, lineno=node.lineno)
        node.iter.set_environment(self.environment)
        super().visit_For(node, frame)


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's own sandbox, whose templates also have a limited number of steps."""

    code_generator_class = _CountingGenerator
    intercepted_binops = frozenset({"*", "**"})

    def __init__(self, folders: tuple[Path, ...] = (), **options: Any) -> None:
        super().__init__(**options)
        self.folders = folders
        self.globals = {name: one for name, one in self.globals.items() if name in _GLOBALS}
        self.steps = 0

    def begin(self) -> None:
        """Start to count the steps of another page."""
        self.steps = 0

    def counted(self, values: Iterable[Any]) -> Iterable[Any]:
        """The values of a loop, whose turns are counted."""
        if not isinstance(values, Sized):
            values = list(islice(values, MOST_STEPS))
        self._count(len(values))
        return values

    def call(__self, __context: Context, __obj: Any, *values: Any, **named: Any) -> Any:  # noqa: N805 - as Jinja has it
        """Call a function or a macro."""
        __self._count(COST_OF_CALL)
        return super().call(__context, __obj, *values, **named)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """An attribute; Jinja's own check takes five times as long as reading a plain field."""
        kind: type = type(obj)
        if attribute in _fields(kind):
            return getattr(obj, attribute)
        return super().getattr(obj, attribute)

    def get_template(self, *values: Any, **named: Any) -> Template:
        """A page, or what it includes."""
        self._count(1)
        return super().get_template(*values, **named)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Multiply, or raise to a power."""
        if operator == "**" and not (abs(left) <= 1e6 and abs(right) <= 64):
            raise TemplateRuntimeError("a power has too large a base or exponent")
        if operator == "*" and _grows(left, right):
            raise TemplateRuntimeError("a product is too large")
        return super().call_binop(context, operator, left, right)

    def fill(self, text: str, values: Mapping[str, Any]) -> str:
        """Fill the placeholders of a text, such as `{title}`, which reach no private attributes."""
        return SandboxedFormatter(self).vformat(text, (), values)

    def _count(self, steps: int) -> None:
        self.steps += steps
        if self.steps > MOST_STEPS:
            raise TemplateRuntimeError(f"the page takes more than {MOST_STEPS} steps")


@cache
def _fields(kind: type) -> frozenset[str]:
    """The public fields of a data class; nothing for other types."""
    names = (one.name for one in fields(kind)) if is_dataclass(kind) else ()
    return frozenset(name for name in names if not name.startswith("_"))


def _grows(left: Any, right: Any) -> bool:
    """Whether a product is a long text or list, or a number of a thousand digits."""
    if isinstance(left, int) and isinstance(right, int):
        return left.bit_length() + right.bit_length() > 4096
    sizes = [len(value) for value in (left, right) if isinstance(value, Sized)]
    times = [value for value in (left, right) if isinstance(value, int)]
    return any(size * count > LONGEST_PRODUCT for size in sizes for count in times)
