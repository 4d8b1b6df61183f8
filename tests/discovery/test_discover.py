import hashlib
import os
import re
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery.discovery import discover as module
from gallery.discovery.discover import LARGEST_SIDECAR, ModelFile, _relative, discover
from gallery.errors import DiscoverError
from gallery.text import DEVICES, slugify


def put(folder: Path, *names: str, content: bytes = b"x") -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def relatives(folder: Path, *ignore: str) -> list[str]:
    return [file.relative for file in discover(folder, ignore)]


def only(folder: Path) -> ModelFile:
    (file,) = discover(folder)
    return file


def found(folder: Path) -> str:
    problem = only(folder).problem
    assert problem is not None
    return str(problem)


def test_finds_models_recursively_in_a_stable_order(tmp_path):
    put(tmp_path, "b.onnx", "a/z.onnx", "a/b/c.ONNX", "readme.md", "b.onnx.data", "a.onnxx")
    put(tmp_path, ".hidden/x.onnx", ".x.onnx", "Z.onnx")
    assert relatives(tmp_path) == ["Z.onnx", "a/b/c.ONNX", "a/z.onnx", "b.onnx"]


def test_the_order_of_a_file_system_does_not_matter(tmp_path, monkeypatch):
    put(tmp_path, "a b.onnx", "A-B.onnx", "a/b.onnx", "c/a-b.onnx", "c/d.onnx")
    walk = os.walk

    def backwards(*arguments, **options):
        for folder, folders, files in walk(*arguments, **options):
            folders.sort(reverse=True)
            yield folder, folders, sorted(files, reverse=True)

    before = discover(tmp_path)
    monkeypatch.setattr(os, "walk", backwards)
    assert discover(tmp_path) == before


def test_says_digest_size_and_sidecar(tmp_path):
    put(tmp_path, "net.onnx", content=b"model")
    put(tmp_path, "net.md", content="\ufeff# Ünïcode".encode())
    file = only(tmp_path)
    assert file.digest == hashlib.sha256(b"model").hexdigest()
    assert file.bytes == 5
    assert file.sidecar == "net.md"
    assert file.sidecar_text == "# Ünïcode"
    assert file.problem is None


def test_a_sidecar_in_another_encoding_is_read_all_the_same(tmp_path):
    put(tmp_path, "net.onnx")
    put(tmp_path, "net.md", content=b"caf\xe9")
    assert only(tmp_path).sidecar_text == "caf\ufffd"


def test_without_a_sidecar_there_is_none(tmp_path):
    put(tmp_path, "net.onnx")
    assert (only(tmp_path).sidecar, only(tmp_path).sidecar_text) == ("", None)


def unread(folder: Path) -> str:
    """Why the words about the only model are not read; the model itself is sound."""
    file = only(folder)
    assert (file.problem, file.sidecar, file.sidecar_text) == (None, "net.md", None)
    return file.sidecar_problem


def test_a_huge_sidecar_costs_its_words(tmp_path):
    put(tmp_path, "net.onnx")
    put(tmp_path, "net.md", content=b"x" * (LARGEST_SIDECAR + 1))
    assert unread(tmp_path) == "net.md is larger than 2,048 KiB, so it is not read; shorten it"


def test_a_folder_named_like_a_model_is_a_problem_unless_it_holds_one(tmp_path):
    put(tmp_path, "resnet/1/model.onnx/model.onnx")
    put(tmp_path, "x.onnx/weights.bin")
    served, folder = discover(tmp_path)
    assert (served.relative, served.problem) == ("resnet/1/model.onnx/model.onnx", None)
    assert str(folder.problem) == (
        "discover: x.onnx is a directory; give the directory a name that does not end in .onnx"
    )


def test_a_named_pipe_is_not_opened_for_reading(tmp_path):
    os.mkfifo(tmp_path / "p.onnx")
    assert found(tmp_path) == ("discover: p.onnx is a named pipe; put a regular file in its place")


def test_a_pipe_as_a_sidecar_does_not_hang(tmp_path):
    put(tmp_path, "net.onnx")
    os.mkfifo(tmp_path / "net.md")
    assert unread(tmp_path).startswith("net.md is a named pipe, so it is not read; put a regular")


def test_a_socket_is_a_problem(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the address of a socket may not be long
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s.onnx")
        assert found(tmp_path) == "discover: s.onnx is a socket; put a regular file in its place"


def test_a_device_behind_a_link_is_not_opened(tmp_path):
    (tmp_path / "zero.onnx").symlink_to("/dev/zero")
    assert found(tmp_path) == (
        "discover: zero.onnx is a link that leads out of the models directory; "
        "replace it with the file itself, or allow its directory with --follow-links"
    )


def test_a_broken_link_is_a_problem(tmp_path):
    (tmp_path / "gone.onnx").symlink_to("nowhere")
    assert found(tmp_path) == "discover: gone.onnx is a broken link; remove or fix the link"


def test_a_loop_of_links_is_a_problem(tmp_path):
    (tmp_path / "a.onnx").symlink_to("b.onnx")
    (tmp_path / "b.onnx").symlink_to("a.onnx")
    assert [str(file.problem) for file in discover(tmp_path)] == [
        "discover: a.onnx is a loop of links; remove the link",
        "discover: b.onnx is a loop of links; remove the link",
    ]


def test_links_to_folders_are_not_followed(tmp_path):
    put(tmp_path, "real/net.onnx")
    (tmp_path / "real" / "up").symlink_to(tmp_path)
    (tmp_path / "again").symlink_to("real")
    assert relatives(tmp_path) == ["real/net.onnx"]


def test_a_link_within_the_directory_is_a_model(tmp_path):
    put(tmp_path, "v1.onnx", content=b"same")
    (tmp_path / "latest.onnx").symlink_to("v1.onnx")
    first, second = discover(tmp_path)
    assert first.digest == second.digest != ""


def test_a_link_that_leaves_the_directory_is_not_followed(tmp_path):
    put(tmp_path, "secret")
    put(tmp_path, "models/ok.onnx")
    (tmp_path / "models" / "bad.onnx").symlink_to(tmp_path / "secret")
    bad, ok = discover(tmp_path / "models")
    assert "leads out of the models directory" in str(bad.problem)
    assert (bad.digest, bad.bytes, ok.problem) == ("", 0, None)


def test_links_into_a_directory_that_the_user_names_are_followed(tmp_path):
    """A Hugging Face cache: snapshots link to blobs."""
    put(tmp_path, "hub/blobs/12ab", "secret", content=b"model")
    put(tmp_path, "hub/snapshots/1/README.txt")
    folder = tmp_path / "hub" / "snapshots" / "1"
    (folder / "net.onnx").symlink_to("../../blobs/12ab")
    (folder / "bad.onnx").symlink_to(tmp_path / "secret")
    bad, net = discover(folder, links=tmp_path / "hub")
    assert (net.problem, net.digest) == (None, hashlib.sha256(b"model").hexdigest())
    assert "leads out of the models directory" in str(bad.problem)
    assert "--follow-links" in str(discover(folder)[1].problem)
    with pytest.raises(DiscoverError, match="is not a directory"):
        discover(folder, links=tmp_path / "secret")


def test_a_directory_whose_name_begins_alike_is_another(tmp_path):
    put(tmp_path, "models-of-mine/secret", "models/ok.onnx")
    (tmp_path / "models" / "bad.onnx").symlink_to(tmp_path / "models-of-mine" / "secret")
    bad, ok = discover(tmp_path / "models")
    assert "leads out of the models directory" in str(bad.problem)
    assert (bad.digest, ok.problem) == ("", None)


def test_a_sidecar_that_leaves_the_directory_is_not_followed(tmp_path):
    put(tmp_path, "secret")
    put(tmp_path, "models/net.onnx")
    (tmp_path / "models" / "net.md").symlink_to(tmp_path / "secret")
    assert "net.md is a link that leads out" in unread(tmp_path / "models")


def test_the_models_directory_may_be_a_link_itself(tmp_path):
    put(tmp_path, "real/net.onnx")
    (tmp_path / "models").symlink_to("real")
    (tmp_path / "real" / "two.onnx").symlink_to("net.onnx")
    assert [(file.relative, file.problem) for file in discover(tmp_path / "models")] == [
        ("net.onnx", None),
        ("two.onnx", None),
    ]


@pytest.mark.skipif(getattr(os, "geteuid", int)() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_a_problem(tmp_path):
    put(tmp_path, "no.onnx", "closed/net.onnx")
    (tmp_path / "no.onnx").chmod(0)
    (tmp_path / "closed").chmod(0)
    closed, no = discover(tmp_path)
    (tmp_path / "closed").chmod(0o700)
    assert str(no.problem) == "discover: no.onnx cannot be read; check its permissions"
    assert "the directory 'closed' cannot be read" in str(closed.problem)


def test_what_may_not_be_opened_is_a_problem(tmp_path, monkeypatch):
    put(tmp_path, "no.onnx")

    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    assert found(tmp_path) == "discover: no.onnx cannot be read; check its permissions"


def test_a_disk_that_fails_is_a_problem_of_one_model(tmp_path, monkeypatch):
    put(tmp_path, "a.onnx", "b.onnx", content=b"model")
    digest, failed = module.model_digest, []

    def fail(descriptor, size, seconds):
        if not failed:
            failed.append(descriptor)
            raise OSError(5, "Input/output error")
        return digest(descriptor, size, seconds)

    monkeypatch.setattr(module, "model_digest", fail)
    bad, good = discover(tmp_path)
    assert str(bad.problem) == (
        "discover: a.onnx cannot be read (Input/output error); check the disk"
    )
    assert (bad.digest, good.problem, good.bytes) == ("", None, 5)


def test_a_closed_folder_is_a_problem(tmp_path, monkeypatch):
    put(tmp_path, "closed/net.onnx", "open/net.onnx")
    scandir = os.scandir

    def refuse(path):
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    closed, ok = discover(tmp_path)
    assert str(closed.problem) == (
        "discover: the directory 'closed' cannot be read; check its permissions, or ignore it"
    )
    assert ok.relative == "open/net.onnx"

    def refuse_all(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse_all)
    with pytest.raises(DiscoverError, match="cannot be read"):
        discover(tmp_path)


@pytest.mark.parametrize(
    ("name", "what"), [("none", "does not exist"), ("file", "is not a directory")]
)
def test_the_models_directory_must_be_one(tmp_path, name, what):
    put(tmp_path, "file")
    with pytest.raises(DiscoverError, match=what):
        discover(tmp_path / name)


def test_names_with_markup_newlines_and_odd_bytes(tmp_path):
    put(tmp_path, "<script>alert(1)</script>.onnx", "q\"u'o\nte.onnx", "x" * 200 + ".onnx")
    with open(os.fsencode(tmp_path) + b"/\xff\xfe.onnx", "wb") as file:
        file.write(b"x")
    files = discover(tmp_path)
    assert len(files) == 4
    for file in files:
        file.relative.encode("utf-8")
        assert file.problem is None
        assert set(file.slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
        assert 0 < len(file.slug) <= 90


def test_slugs_are_unique_and_a_name_that_is_one_keeps_it(tmp_path):
    put(tmp_path, "a-b.onnx", "a b.onnx", "a/b.onnx", "A-B.onnx", "é.onnx", "e.onnx")
    slugs = {file.relative: file.slug for file in discover(tmp_path)}
    assert slugs["a-b.onnx"] == "a-b"
    assert slugs["e.onnx"] == "e"
    assert len(set(slugs.values())) == len(slugs) == 6
    assert all(slug.startswith(("a-b", "e")) for slug in slugs.values())


def test_a_new_model_does_not_change_the_slug_of_another(tmp_path):
    put(tmp_path, "net.onnx")
    before = only(tmp_path).slug
    put(tmp_path, "Net.onnx", "net!.onnx")
    assert {file.relative: file.slug for file in discover(tmp_path)}["net.onnx"] == before


ALIKE = ["a b.onnx", "a!b.onnx", "a+b.onnx", "a,b.onnx", "a/b.onnx"]
"""Files that would all be called a-b."""


@pytest.mark.parametrize("late", ALIKE)
def test_a_new_model_leaves_those_alone_that_share_a_slug_already(tmp_path, late):
    put(tmp_path, *(name for name in ALIKE if name != late))
    before = {file.relative: file.slug for file in discover(tmp_path)}
    assert len(set(before.values())) == len(ALIKE) - 1
    put(tmp_path, late)
    after = {file.relative: file.slug for file in discover(tmp_path)}
    assert {name: after[name] for name in before} == before
    assert after[late] not in before.values()


def test_a_name_that_is_a_slug_takes_it_and_changes_only_who_had_it(tmp_path):
    put(tmp_path, "a b.onnx", "c d.onnx", "e/f.onnx")
    before = {file.relative: file.slug for file in discover(tmp_path)}
    assert before == {"a b.onnx": "a-b", "c d.onnx": "c-d", "e/f.onnx": "e-f"}
    put(tmp_path, "a-b.onnx")
    after = {file.relative: file.slug for file in discover(tmp_path)}
    assert re.fullmatch("a-b-[0-9a-f]{8}", after["a b.onnx"])
    assert after == {**before, "a b.onnx": after["a b.onnx"], "a-b.onnx": "a-b"}


def test_the_slug_of_a_path_does_not_depend_on_the_directory(tmp_path):
    for place in ("one", "two"):
        put(tmp_path / place, *ALIKE)
    put(tmp_path / "two", "0.onnx", "z.onnx")
    one, two = (
        {file.relative: file.slug for file in discover(tmp_path / place)}
        for place in ("one", "two")
    )
    assert one.items() < two.items()


@given(st.text(max_size=200))
def test_a_slug_is_always_one(text):
    slug = slugify(text)
    assert slug
    assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert not slug.startswith("-")
    assert slugify(slug) == slug


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
@pytest.mark.parametrize(
    "name", ["aux", "CON", "nul", "Prn", "com1", "LPT9", "com0", "com¹", "aux."]
)
def test_no_slug_is_a_device_of_windows(tmp_path, name):
    put(
        tmp_path,
        f"{name}.onnx",
        f"{name}/net.onnx",
        f"net/{name}.onnx",
        f"{name.lower()}-model.onnx",
    )
    slugs = {file.relative: file.slug for file in discover(tmp_path)}
    assert not DEVICES & set(slugs.values())
    assert len(set(slugs.values())) == 4
    assert slugs[f"{name}/net.onnx"].endswith("-net")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
@pytest.mark.parametrize("name", ["a .onnx", "a..onnx", " a.onnx", "a./b .onnx", "a:b.onnx"])
def test_slugs_have_no_dots_or_spaces(tmp_path, name):
    put(tmp_path, name)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", only(tmp_path).slug)


@pytest.mark.parametrize("directory", [".", "/", "models", "models/of the hub", "/models", "../a"])
@pytest.mark.parametrize("name", ["net.onnx", "models/net.onnx", "models", "a/.b/c.md", "./é.onnx"])
def test_paths_are_told_from_the_directory(directory: str, name: str) -> None:
    path = Path(directory) / name
    assert _relative(path, Path(directory)) == path.relative_to(directory).as_posix()
