"""What kernels must not do, since numba would not say so."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest

import gallery


def lost(source: str) -> list[str]:
    """Arrays that parallel kernels write to after they unpacked them from a tuple argument.

    numba 0.68.1 loses such writes without a word, see `findings/parallel_tuples.sh`.
    """
    return [
        f"{function.name}: {name}"
        for function in ast.walk(ast.parse(source))
        if isinstance(function, ast.FunctionDef) and _is_parallel(function)
        for name in sorted(_unpacked(function) & _written(function))
    ]


def _is_parallel(function: ast.FunctionDef) -> bool:
    names = (one.id for one in function.decorator_list if isinstance(one, ast.Name))
    return "parallel_kernel" in names


def _unpacked(function: ast.FunctionDef) -> set[str]:
    given = {one.arg for one in function.args.args}
    return {
        target.id
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple)
        if isinstance(node.value, ast.Name) and node.value.id in given
        for target in node.targets[0].elts
        if isinstance(target, ast.Name)
    }


def _written(function: ast.FunctionDef) -> set[str]:
    found = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
            array = node.value
            while isinstance(array, ast.Subscript):
                array = array.value
            found |= {array.id} if isinstance(array, ast.Name) else set()
    return found


def test_no_parallel_kernel_writes_to_what_it_unpacked() -> None:
    files = Path(gallery.__file__).parent.rglob("*.py")
    assert [one for path in files for one in lost(path.read_text("utf-8"))] == []


@pytest.mark.parametrize("write", ["a[i] = 1", "a[i, 0] += b[i]", "a[i, 0], c = 1, 2"])
def test_such_a_write_is_found(write: str) -> None:
    head = (
        "@parallel_kernel\ndef move(both, c):\n    a, b = both\n    for i in prange(9):\n        "
    )
    assert lost(head + write) == ["move: a"]
    assert lost(head.replace("parallel_kernel", "kernel") + write) == []
    assert lost(head + write.replace("a[", "c[")) == []


_MARK = "inner_kernel"
_KERNELS = {"kernel", "inner_kernel", "parallel_kernel"}


@functools.cache
def _parsed(source: str) -> ast.Module:
    return ast.parse(source)


def called(source: str) -> set[str]:
    """Names that are used outside of kernels."""
    found: set[str] = set()
    waiting: list[ast.AST] = [_parsed(source)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef) and _decorators(node) & _KERNELS:
            continue
        if isinstance(node, ast.Attribute) and node.attr == "py_func":  # what was compiled
            continue
        found |= {node.id} if isinstance(node, ast.Name) else set()
        found |= {node.attr} if isinstance(node, ast.Attribute) else set()
        waiting += ast.iter_child_nodes(node)
    return found


def _decorators(function: ast.FunctionDef) -> set[str]:
    return {one.id for one in function.decorator_list if isinstance(one, ast.Name)}


@functools.cache
def _inner(source: str) -> frozenset[str]:
    return frozenset(
        node.name
        for node in _parsed(source).body
        if isinstance(node, ast.FunctionDef) and _MARK in _decorators(node)
    )


def _imported(source: str) -> set[tuple[str, str]]:
    return {
        (node.module or "", one.name)
        for node in ast.walk(_parsed(source))
        if isinstance(node, ast.ImportFrom)
        for one in node.names
    }


def test_python_calls_no_inner_kernel() -> None:
    """Such a call would end the process: nothing unpacks its arguments."""
    root = Path(gallery.__file__).parents[1]
    files = [*root.glob("gallery/**/*.py"), *root.glob("tests/**/*.py")]
    sources = {path: path.read_text("utf-8") for path in files}
    names = {name for source in sources.values() if _MARK in source for name in _inner(source)}
    any_name = re.compile(rf"\b({'|'.join(map(re.escape, names))})\b")
    for path, source in sources.items():
        if not any_name.search(source):
            continue
        inner = set(_inner(source))
        for module, name in _imported(source):
            file = root.joinpath(*module.split(".")).with_suffix(".py")
            if module.startswith("gallery.") and file.is_file():
                inner |= _inner(file.read_text("utf-8")) & {name}
        assert not called(source) & inner, path


def test_a_call_of_an_inner_kernel_is_found() -> None:
    source = "@inner_kernel\ndef add(a): return a\n@kernel\ndef sum(a): return add(a)\n"
    assert _inner(source) == {"add"}
    assert "add" not in called(source)
    assert "add" not in called(source + "add.py_func(1)")
    assert "add" in called(source + "add(1)")
