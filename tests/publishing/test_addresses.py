"""The addresses of a page, as a browser's parser finds them, in linear time."""

from __future__ import annotations

import time

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery.publishing import Site
from gallery.publishing.addresses import addresses


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ('<a href="x">', ["x"]),
        ("<A HREF=x>y</A>", ["x"]),
        ("<img src='a b' srcset='p 1x, q 2x,'>", ["a b", "p", "q"]),
        ("<img srcset='data:image/png;base64,AAAA 1x, q'>", ["data:image/png;base64,AAAA", "q"]),
        ("<a href = x/y>", ["x/y"]),
        ("<a class=b/href=x>", []),
        ("<a title='<a href=y>' href=x>", ["x"]),
        ("<a/href='x'/>", ["x"]),
        ('<a href="a&amp;b&#x41;">', ["a&bA"]),
        ("<!-- <a href=x> --><a href=y>", ["y"]),
        ("<!--><a href=y>", ["y"]),
        ("<script>'<a href=x>'</script><a href=y>", ["y"]),
        ("<TITLE><a href=x></title ><a href=y>", ["y"]),
        ("<style><a href=x></styled><a href=x></style><a href=y>", ["y"]),
        ("<![foo[<a href=x>", []),
        ("<? <a href=y>", []),
        ("< a href=x>1 < 2<a href=y>", ["y"]),
        ("</a href=x><a href=y>", ["y"]),
        ("<a href=x", []),
        ("<a href='x>", []),
        ("<script><a href=x>", []),
        ("<!-- <a href=x>", []),
        ("<meta content=x><link href=''><a href>", []),
    ],
)
def test_addresses_of_a_page(page: str, found: list[str]) -> None:
    assert list(addresses(page)) == found


def _by_html5lib(page: str) -> list[str]:
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    tags = [*tree.iter("a"), *tree.iter("img")]
    found = [one.get(name) for one in tags for name in ("href", "src")]
    return [address for address in found if address]


def test_the_pages_of_a_site(site: Site) -> None:
    for page in site.pages:
        text = (site.root / page).read_text(encoding="utf-8")
        assert set(_by_html5lib(text)) <= set(addresses(text)), page


_PIECES = [
    "<a ",
    "href=",
    "src=",
    "x",
    "'",
    '"',
    ">",
    "<img ",
    "/",
    " ",
    "=",
    "<!--",
    "-->",
    "</a>",
]


@given(st.lists(st.sampled_from(_PIECES), max_size=12).map("".join))
def test_malformed_pages_as_html5lib_reads_them(page: str) -> None:
    """Except for a repeated attribute, of which the standard takes the first."""
    assert set(_by_html5lib(page)) <= set(addresses(page))


NASTY = ["<a ", "<!--", "<a href='", '<a href="x', "<script>", "<a b=c ", "<![", "</", "<a =", ", "]


@pytest.mark.parametrize("piece", NASTY)
def test_the_time_grows_with_the_page_and_not_faster(piece: str) -> None:
    """The square would be a hundred times as much; the standard library takes half a minute."""
    lengths = 20_000, 200_000
    short, long = (min(_seconds(piece * length) for _ in range(3)) for length in lengths)
    assert long < 40 * short + 0.1


def _seconds(page: str) -> float:
    start = time.process_time()
    list(addresses(page))
    return time.process_time() - start


def test_numbers_that_python_does_not_read_stay() -> None:
    address = f"&#{'1' * 5000};"
    assert list(addresses(f"<a href='{address}'>")) == [address]
