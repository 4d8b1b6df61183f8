"""Ignore patterns mean what git takes them to mean."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gallery.discovery.discover import IGNORE_FILE, discover
from gallery.discovery.ignore import ignored, parse
from gallery.errors import SettingsError

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def put(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def found(folder: Path, *ignore: str) -> list[str]:
    return [file.relative for file in discover(folder, ignore)]


def ours(lines: Sequence[str], paths: Sequence[str]) -> set[str]:
    """The ignored ones of some files, asked as `discover` asks: folder by folder."""
    patterns = parse([("", line) for line in lines])

    def out(path: str) -> bool:
        names = path.split("/")
        folders = ("/".join(names[:depth]) for depth in range(1, len(names)))
        return any(ignored(one, patterns, folder=True) for one in folders) or ignored(
            path, patterns, folder=False
        )

    return {path for path in paths if out(path)}


def git(repository: Path, lines: Sequence[str], paths: Sequence[str]) -> set[str]:
    """What git ignores of the same files, which it must see on disk to tell folders."""
    (repository / ".gitignore").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    put(repository, *paths)
    done = subprocess.run(
        ["git", "-C", str(repository), "check-ignore", "--no-index", "-z", "--stdin"],
        input="\0".join(paths),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    for path in paths:
        top = repository / path.split("/")[0]
        shutil.rmtree(top) if top.is_dir() else top.unlink(missing_ok=True)
    return set(filter(None, done.stdout.split("\0")))


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    subprocess.run(["git", "-C", str(folder), "config", "core.ignorecase", "false"], check=True)
    return folder


NAMES = st.sampled_from(["a", "b"]) | st.sampled_from(["ab", "a.onnx", "#a", "!b", "a ", "^", "-"])
PATHS = st.lists(st.lists(NAMES, min_size=1, max_size=3).map("/".join), min_size=1, max_size=8)
PARTS = st.one_of(
    st.sampled_from(["**", "*", "a", "b"]),
    st.sampled_from(["**", "*", "a", "b", "a*", "?", "[ab]", "[!a]", "[^a]", "*.onnx"]),
    st.sampled_from(["\\#a", "\\!b", "a\\ ", "\\*", "[a-b]*", "a.*", "**a", "***"]),
    st.text(alphabet="ab*?[]!^-#. ", min_size=1, max_size=4),
)
LINES = st.lists(
    st.tuples(
        st.sampled_from(["", "", "!"]),
        st.sampled_from(["", "", "/"]),
        st.lists(PARTS, min_size=1, max_size=3).map("/".join),
        st.sampled_from(["", "", "/", " ", "  "]),
    ).map("".join),
    min_size=1,
    max_size=4,
)


def tree(paths: Sequence[str]) -> list[str]:
    """Those of some paths that can be files of one tree."""
    return [one for one in paths if not any(other.startswith(f"{one}/") for other in paths)]


def is_right(line: str) -> bool:
    try:
        parse([("", line)])
    except SettingsError:
        return False
    return True


@needs_git
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(LINES, PATHS)
def test_patterns_mean_what_git_takes_them_to_mean(
    repository: Path, lines: list[str], paths: list[str]
) -> None:
    right, files = list(filter(is_right, lines)), sorted(set(tree(paths)))
    assert ours(right, files) == git(repository, right, files)


@needs_git
@pytest.mark.parametrize(
    ("lines", "kept", "gone"),
    [
        (["a/**", "!a/keep.onnx"], "a/keep.onnx", "a/x.onnx a/b/keep.onnx"),
        (["a/*", "!a/keep.onnx"], "a/keep.onnx b/a/x.onnx", "a/x.onnx a/b/x.onnx"),
        (["a/", "!a/keep.onnx"], "b/x.onnx", "a/keep.onnx c/a/x.onnx"),
        (["a", "!a/"], "a/x.onnx", "b/a"),
        (["[^a].onnx"], "a.onnx ab.onnx", "b.onnx x/c.onnx"),
        (["[!a].onnx"], "a.onnx ab.onnx", "b.onnx x/c.onnx"),
        (["\\#a.onnx", "\\!b.onnx"], "a.onnx b.onnx", "#a.onnx !b.onnx"),
        (["#a.onnx", "", "   "], "#a.onnx a.onnx", ""),
        (["a.onnx  ", "b.onnx\\ "], "b.onnx", "a.onnx"),
        (["/*.onnx"], "a/c.onnx", "c.onnx"),
        (["a/*.onnx"], "a/b/c.onnx b/a/c.onnx", "a/c.onnx"),
        (["a/**/c.onnx"], "b/a/c.onnx", "a/c.onnx a/b/d/c.onnx"),
        (["**/b/*"], "c.onnx", "a/b/c.onnx b/c.onnx"),
        (["A.onnx"], "a.onnx", "A.onnx"),
        (["a?.onnx"], "a.onnx a/b.onnx", "ab.onnx"),
        (["folder/"], "x/folder", "folder/x.onnx y/folder/x.onnx"),
        (["/a/b", "!/a"], "a/c", "a/b"),
        (["a", "!/*"], "b/x a/x", "b/a a/a/b"),
        (["a/**/"], "a/x b/a/x/y", "a/b/x"),
        (["**/"], "x", "a/x"),
        (["*", "!*/", "!keep.onnx"], "keep.onnx a/b/keep.onnx", "a.onnx a/b/c.onnx"),
    ],
)
def test_cases(repository: Path, lines: list[str], kept: str, gone: str) -> None:
    files = [*kept.split(), *gone.split()]
    assert ours(lines, files) == git(repository, lines, files) == set(gone.split())


def test_a_backslash_keeps_a_space_at_the_end_unless_it_is_kept_itself() -> None:
    paths = ["b", "b ", "b  ", "b\\", "b\\ "]
    assert ours(["b  "], paths) == {"b"}
    assert ours(["b\\  "], paths) == {"b "}
    assert ours(["b\\\\  "], paths) == {"b\\"}
    assert ours(["b\\\\\\ "], paths) == {"b\\ "}


def test_an_ignore_file_and_settings_together(tmp_path: Path) -> None:
    put(tmp_path, "a.onnx", "old/b.onnx", "old/keep.onnx", "x/old/c.onnx", "x/tmp-1.onnx")
    (tmp_path / IGNORE_FILE).write_bytes(b"\xef\xbb\xbf# said\r\n\r\n/old/*\r\n!keep.onnx\r\n")
    assert found(tmp_path) == ["a.onnx", "old/keep.onnx", "x/old/c.onnx", "x/tmp-1.onnx"]
    assert found(tmp_path, "tmp-*") == ["a.onnx", "old/keep.onnx", "x/old/c.onnx"]
    assert found(tmp_path, "old/") == ["a.onnx", "x/tmp-1.onnx"]
    assert "old/b.onnx" in found(tmp_path, "!b.onnx")


def test_a_folder_that_is_ignored_is_not_entered(tmp_path: Path) -> None:
    put(tmp_path, "old/keep.onnx", "new/keep.onnx")
    assert found(tmp_path, "old", "!old/keep.onnx") == ["new/keep.onnx"]
    assert found(tmp_path, "old/**", "!old/keep.onnx") == ["new/keep.onnx", "old/keep.onnx"]


def test_a_line_ends_only_where_git_ends_it(tmp_path: Path) -> None:
    put(tmp_path, "a.onnx", "b.onnx")
    (tmp_path / IGNORE_FILE).write_text("a.onnx\x0bb.onnx\n", "utf-8")
    assert found(tmp_path) == ["a.onnx", "b.onnx"]


def test_a_link_to_a_folder_is_not_a_folder(tmp_path: Path) -> None:
    put(tmp_path, "real/net.onnx")
    (tmp_path / "link.onnx").symlink_to("real")
    assert found(tmp_path, "link.onnx/") == ["link.onnx", "real/net.onnx"]
    assert found(tmp_path, "link.onnx") == ["real/net.onnx"]


def test_lines_that_are_not_patterns_are_all_named(tmp_path: Path) -> None:
    put(tmp_path, "a.onnx")
    (tmp_path / IGNORE_FILE).write_text("*.tmp\n\na[\n!\n", "utf-8")
    with pytest.raises(SettingsError) as caught:
        discover(tmp_path, ["b\\"])
    for part in (".galleryignore, line 3: 'a[' is not", ".galleryignore, line 4: '!' is not",
                 "ignore: 'b\\\\' is not a pattern"):  # fmt: skip
        assert part in str(caught.value)
    assert "line 1" not in str(caught.value)


@pytest.mark.parametrize(
    "line", ["[z-a]", "[[:alpha:]]", "a\\/b", "/", "!/", "[a/b]", "a[b&&c]", "***/a"]
)
def test_what_git_and_we_might_read_differently_is_refused(line: str) -> None:
    with pytest.raises(SettingsError, match="is not a pattern"):
        parse([("ignore", line)])


@pytest.mark.parametrize("line", ["*a*a*a*b", "a/**/b/**/c/**/d/**", "*a*a*/*a*a*a*a"])
def test_patterns_that_could_take_for_ever_are_refused(line: str) -> None:
    with pytest.raises(SettingsError, match="more than 3 stars in one name, or more than 3 "):
        parse([("ignore", line)])


def test_the_slowest_pattern_is_quick() -> None:
    patterns = parse([("", "*a*a*a" + "b"), ("", "**/*a/**/*a/**/*a" + "/b"), ("", "\\*" * 9)])
    started = time.process_time()
    assert not ignored("a" * 200, patterns, folder=False)
    assert not ignored("a/" * 60 + "y", patterns, folder=False)
    assert time.process_time() - started < 10
