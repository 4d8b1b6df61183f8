"""What the server of `gallery serve` answers, and what it does not."""

from __future__ import annotations

import http.client
import os
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

import pytest

from gallery.cli import http_server
from gallery.cli.http_server import CONNECTIONS, Handler, Server, Shown, is_named

PAGE = b"<html><body>home</body></html>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    headers: Message
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A server, its site and what it said."""

    server: Server
    site: Path
    said: list[str]

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """Send a request as it is, with the right host unless another is given."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.server_port, timeout=300)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in {"Host": "localhost", **headers}.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return Answer(status=answer.status, headers=answer.headers, body=body)

    def raw(self) -> socket.socket:
        """A connection that has said nothing."""
        return socket.create_connection(("127.0.0.1", self.server.server_port), timeout=300)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A small site and its server."""
    site = tmp_path / "site"
    (site / "net").mkdir(parents=True)
    (site / "index.html").write_bytes(PAGE)
    (site / "net" / "index.html").write_bytes(PAGE)
    (site / "assets").mkdir()
    (site / "assets" / "a.bin").write_bytes(b"0123456789")
    (site / "404.html").write_bytes(b'<body><a href="/nets/index.html">home</a></body>')
    said: list[str] = []
    with Server("127.0.0.1", 0, Shown(site=site, path="/nets/"), said.append) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield Served(server=server, site=site, said=said)
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("path", ["/", "/index.html", "/net/", "/?page=2", "/net/index.html?a#b"])
def test_pages_have_the_reloading_script_and_heads_tell_their_size(
    served: Served, path: str
) -> None:
    answer = served.ask(path)
    assert answer.status == 200
    assert answer.body == PAGE.replace(
        b"</body>", b'<script defer src="/__reload__.js"></script></body>'
    )
    head = served.ask(path, "HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == str(len(answer.body))


def test_the_version_and_the_script(served: Served) -> None:
    assert served.ask("/__version__").body == b"1"
    assert b"__version__" in served.ask("/__reload__.js?x").body


def test_files_are_as_from_http_server(served: Served) -> None:
    """Whole, with a time; unchanged ones are not sent again, and ranges are not known."""
    answer = served.ask("/assets/a.bin", Range="bytes=2-3")
    assert (answer.status, answer.body) == (200, b"0123456789")
    since = answer.headers["Last-Modified"]
    assert served.ask("/assets/a.bin", If_Modified_Since=since).status == 304
    old = "Thu, 01 Jan 1970 00:00:01 GMT"
    assert served.ask("/assets/a.bin", If_Modified_Since=old).status == 200
    assert served.ask("/assets/a.bin", "HEAD").headers["Content-Length"] == "10"
    assert served.ask("/assets/a.bin", "POST").status == 501


def test_a_directory_leads_to_its_address_with_a_slash(served: Served) -> None:
    answer = served.ask("/net?a=1")
    assert (answer.status, answer.headers["Location"]) == (301, "/net/?a=1")


LOST = [
    "/gone",
    "/gone/deep/",
    "/assets/",
    "/index.html/",
    "/%00",
    "/net/%00/index.html",
    "/%ED%A0%80",
    "/%FF%FE",
    "/" + "x" * 300,
    "/" + "x/" * 5000,
    "/../../etc/passwd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/..%5c..%5cetc",
    "//etc/passwd",
    "http://example.org/x",
    "/__version__/",
]


@pytest.mark.parametrize("path", LOST)
def test_what_is_not_there_has_the_page_for_wrong_addresses(served: Served, path: str) -> None:
    """Its links lead to the root of this server and not to the site's path on its own host."""
    answer = served.ask(path)
    assert answer.status == 404
    assert b'<a href="/index.html">home</a><script' in answer.body
    assert served.ask(path, "HEAD").status == 404
    (served.site / "404.html").unlink()
    assert served.ask(path).status == 404
    assert served.said == []


def test_links_out_of_the_site_are_not_followed(served: Served, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "index.html").write_text("secret")
    (served.site / "page.html").symlink_to(tmp_path / "secret" / "index.html")
    (served.site / "out").symlink_to(tmp_path / "secret")
    (served.site / "half").mkdir()
    (served.site / "half" / "index.html").symlink_to(tmp_path / "secret" / "index.html")
    (served.site / "round").symlink_to(served.site / "round")
    for path in ("/page.html", "/out/", "/out/index.html", "/half/", "/round", "/out"):
        assert served.ask(path).status == 404, path
    (served.site / "again.html").symlink_to(served.site / "index.html")
    assert served.ask("/again.html").status == 200


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_in_the_site_does_not_hang(served: Served) -> None:
    os.mkfifo(served.site / "pipe.html")
    assert served.ask("/pipe.html").status == 404


@pytest.mark.parametrize(
    ("header", "host", "known"),
    [
        ("localhost", "127.0.0.1", True),
        ("LocalHost.:8000", "127.0.0.1", True),
        ("127.0.0.1:1", "127.0.0.1", True),
        ("[::1]:8000", "127.0.0.1", True),
        ("evil.example", "127.0.0.1", False),
        ("127.0.0.1.evil.example", "127.0.0.1", False),
        ("evil.example:80@localhost", "127.0.0.1", False),
        ("localhost:80:80", "127.0.0.1", False),
        ("[::1", "127.0.0.1", False),
        ("", "127.0.0.1", False),
        ("192.168.1.5", "127.0.0.1", False),
        ("192.168.1.5:80", "192.168.1.5", True),
        ("192.168.1.6", "192.168.1.5", False),
        ("192.168.1.5", "0.0.0.0", True),
        ("[fe80::1]:8000", "::", True),
        ("evil.example", "0.0.0.0", False),
        (socket.gethostname(), "0.0.0.0", True),
        (socket.gethostname() + ":8000", "::", True),
    ],
)
def test_which_host_headers_name_this_server(header: str, host: str, *, known: bool) -> None:
    assert is_named(header, host) == known


def test_a_foreign_host_is_refused_for_pages_and_scripts(served: Served) -> None:
    for path in ("/", "/__version__", "/assets/a.bin"):
        assert served.ask(path, Host="evil.example").status == 421
    assert served.ask("/", "HEAD", Host="evil.example:80").status == 421


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        b"GET / HTTP/9\r\n\r\n",
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n",
    ],
)
def test_malformed_requests_are_refused_without_a_word(
    served: Served, request_line: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    with served.raw() as connection:
        connection.sendall(request_line)
        answer = b"".join(iter(lambda: _received(connection), b""))
    assert b"home" not in answer
    assert served.ask("/").status == 200
    assert (served.said, capfd.readouterr().err) == ([], "")


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except ConnectionResetError:
        return b""


def test_idle_connections_are_few_and_keep_nobody_out(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_server, "PATIENCE", 3600.0)
    monkeypatch.setattr(Handler, "timeout", 3600.0)
    idle = [served.raw() for _ in range(5 * CONNECTIONS)]
    try:
        assert served.ask("/").status == 200
        # Those that came first were ended to make room.
        kept = [_is_open(one) for one in idle]
        assert not kept[0]
        assert sum(kept) <= CONNECTIONS
    finally:
        for one in idle:
            one.close()


def _is_open(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return bool(connection.recv(1))
    except BlockingIOError:
        return True
    except ConnectionError:
        return False


def test_a_request_that_arrives_byte_by_byte_is_ended(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_server, "PATIENCE", 0.2)
    with served.raw() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX: ")
        connection.settimeout(0.01)
        with pytest.raises(ConnectionError):
            _trickle(connection)


def _trickle(connection: socket.socket) -> None:
    """Send a byte now and then until the other side ends it."""
    answer = b"x"
    while answer:
        connection.sendall(b"x")
        with suppress(TimeoutError):
            answer = connection.recv(1)
    raise ConnectionResetError


def test_an_answer_may_take_longer_than_a_request(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    (served.site / "large.bin").write_bytes(bytes(30_000_000))
    with served.raw() as connection:
        connection.sendall(b"GET /large.bin HTTP/1.0\r\n\r\n")
        answer = connection.recv(1)
        monkeypatch.setattr(http_server, "PATIENCE", 0.0)
        served.server.service_actions()
        answer += b"".join(iter(lambda: connection.recv(1 << 20), b""))
    assert len(answer.partition(b"\r\n\r\n")[2]) == 30_000_000


def test_silence_ends_after_a_while(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Handler, "timeout", 0.05)
    with served.raw() as connection:
        assert connection.recv(1) == b""


def test_a_visitor_who_goes_is_not_an_error(
    served: Served, capfd: pytest.CaptureFixture[str]
) -> None:
    (served.site / "large.bin").write_bytes(bytes(30_000_000))
    connection = served.raw()
    connection.sendall(b"GET /large.bin HTTP/1.0\r\n\r\n")
    connection.recv(1)
    # Closing like this resets the connection, so that the server's next write fails.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    assert served.ask("/").status == 200
    assert (served.said, capfd.readouterr().err) == ([], "")


def test_an_error_of_our_own_is_one_line(
    served: Served, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(_: Handler) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(Handler, "send_head", broken)
    with pytest.raises(http.client.RemoteDisconnected):
        served.ask("/")
    monkeypatch.undo()
    assert served.ask("/").status == 200
    assert served.said == ["error: a request was not answered: ZeroDivisionError: oops"]
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("host", "start"), [("127.0.0.1", "http://127.0.0.1:"), ("0.0.0.0", "http://localhost:")]
)
def test_the_address_to_open(tmp_path: Path, host: str, start: str) -> None:
    with Server(host, 0, Shown(site=tmp_path), print) as server:
        assert server.url == f"{start}{server.server_port}/"


@pytest.mark.skipif(not socket.has_ipv6, reason="needs IPv6")
def test_an_address_of_ipv6(tmp_path: Path) -> None:
    try:
        server = Server("::1", 0, Shown(site=tmp_path), print)
    except OSError:
        pytest.skip("there is no IPv6 on this machine")
    with server:
        assert server.url == f"http://[::1]:{server.server_port}/"
