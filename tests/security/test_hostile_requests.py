"""Requests that mean harm, or are broken: each is let go, and someone else's audio stays what it was."""

import contextlib
import ssl
import threading
import warnings

import pytest

from tests.running_box import Box
from tests.security.sockets import PATIENCE_S, answer_to, body_of_answer, connected_socket, ends, trickles_until_cut
from tests.transport.poller import Poller

pytestmark = pytest.mark.usefixtures("bystander")


HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
HEALTH_AND_STAY = HEALTH.replace(b"Connection: close\r\n", b"")


def test_a_request_that_trickles_in_is_cut(box: Box) -> None:
    with connected_socket(box.service.http_port) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        assert trickles_until_cut(connection)


def test_half_a_request_is_cut(box: Box) -> None:
    with connected_socket(box.service.http_port) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Half: ")
        assert ends(connection)


def test_a_request_that_never_comes_is_cut(box: Box) -> None:
    with connected_socket(box.service.http_port) as connection:
        assert ends(connection)


def test_a_tls_handshake_that_never_comes_is_cut(box: Box) -> None:
    with connected_socket(box.service.https_port) as connection:
        assert ends(connection)


def test_a_tls_handshake_that_trickles_in_is_cut(box: Box) -> None:
    # A record that promises 16 KiB of greeting, a byte of it at a time: the box never hears silence.
    with connected_socket(box.service.https_port) as connection:
        connection.sendall(b"\x16\x03\x01\x40\x00")
        assert trickles_until_cut(connection)


@pytest.mark.parametrize("path", ["/api/v1/pair", "/nowhere"])
def test_a_body_that_trickles_in_is_cut(box: Box, path: str) -> None:
    with connected_socket(box.service.http_port) as connection:
        connection.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 4000\r\n\r\n".encode())
        assert trickles_until_cut(connection)


def test_a_posted_body_that_trickles_in_is_cut_without_a_traceback(box: Box, capfd: pytest.CaptureFixture[str]) -> None:
    # Joined: the time for a token would end one that was not.
    poller = Poller(box).join(box.token())
    with connected_socket(box.service.http_port) as connection:
        head = f"POST /socket.io/?EIO=4&transport=polling&sid={poller.sid} HTTP/1.1\r\nHost: x\r\n"
        connection.sendall(f"{head}Content-Length: 4000\r\n\r\n".encode())
        assert trickles_until_cut(connection)
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("greeting", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05hello", bytes(3000)])
def test_what_is_no_tls_is_let_go(box: Box, greeting: bytes) -> None:
    with connected_socket(box.service.https_port) as connection:
        connection.sendall(greeting)
        assert ends(connection)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_tls_is_refused(box: Box, version: ssl.TLSVersion) -> None:
    # Without these ciphers the client itself would have nothing to offer to anyone.
    context = _trusting_context("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    with connected_socket(box.service.https_port) as plain, pytest.raises(ssl.SSLError) as caught:
        context.wrap_socket(plain)
    assert caught.value.reason == "TLSV1_ALERT_PROTOCOL_VERSION"


def test_new_tls_is_taken(box: Box) -> None:
    with connected_socket(box.service.https_port) as plain, _trusting_context("DEFAULT").wrap_socket(plain) as secure:
        assert secure.version() in ("TLSv1.2", "TLSv1.3")


def _trusting_context(ciphers: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers(ciphers)
    return context


@pytest.mark.parametrize(
    "head",
    [
        b"GET " + b"/" * 9000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"".join(b"X%d: y\r\n" % n for n in range(300)) + b"\r\n",
        b"\x00\x01\x02\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /api/v1/pair HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /api/v1/pair HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n",
        b"POST /api/v1/pair HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n",
    ],
)
def test_a_malformed_head_is_refused(box: Box, head: bytes) -> None:
    with connected_socket(box.service.http_port) as connection:
        try:
            connection.sendall(head)
            answer = connection.recv(65536)
        except OSError:
            return
        assert answer.split(b" ")[1:2] in ([b"400"], [b"414"]) or answer == b""


def test_a_body_that_is_declared_and_never_sent_is_cut(box: Box) -> None:
    head = f"POST /api/v1/denoise HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {box.token()}\r\nContent-Length: 9999999\r\n\r\n"
    with connected_socket(box.service.http_port) as connection:
        connection.sendall(head.encode() + b"RIFF")
        assert ends(connection)


def test_an_endless_body_without_a_token_is_not_read_to_its_end(box: Box) -> None:
    head = b"POST /api/v1/denoise HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n"
    with connected_socket(box.service.http_port) as connection:
        connection.sendall(head)
        assert connection.recv(65536).startswith(b"HTTP/1.1 401 ")
        sent = 0
        try:
            while sent < 4 * box.service.settings.max_clip_bytes:
                sent += connection.send(bytes(1 << 20))
        except OSError:
            pass
        assert sent < 4 * box.service.settings.max_clip_bytes


@pytest.mark.parametrize(("first", "frame"), [(b"0\r\n", b"a:b\r\n"), (b"", b"1\r\na\r\n")])
def test_what_frames_a_body_leaves_the_others_their_turns(box: Box, first: bytes, frame: bytes) -> None:
    flowing, over, frames = threading.Event(), threading.Event(), frame * 50_000

    def flood() -> None:
        with connected_socket(box.service.http_port) as connection, contextlib.suppress(OSError):
            connection.sendall(b"POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + first)
            connection.settimeout(0.05)
            sent = 0
            while not over.is_set():
                with contextlib.suppress(TimeoutError):
                    sent = (sent + connection.send(frames[sent:])) % len(frames)
                    flowing.set()

    flooding = threading.Thread(target=flood)
    flooding.start()
    try:
        assert flowing.wait(PATIENCE_S)
        with connected_socket(box.service.http_port) as other:
            assert answer_to(other, HEALTH).startswith(b"HTTP/1.1 200")
    finally:
        over.set()
        flooding.join()


def test_a_body_is_read_also_where_a_proxy_always_asks_for_an_upgrade(box: Box) -> None:
    head = b"POST /api/v1/pair HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nContent-Type: application/json\r\n"
    with connected_socket(box.service.http_port) as connection:
        answer = body_of_answer(connection, head + b'Content-Length: 16\r\n\r\n{"pin":"wrong!"}')
        assert b'"pin_wrong"' in answer


def test_requests_without_end_leave_the_others_their_turns(box: Box) -> None:
    count = 1000
    with connected_socket(box.service.http_port) as flood, connected_socket(box.service.http_port) as other:
        flood.sendall(HEALTH_AND_STAY * count)
        assert answer_to(other, HEALTH).startswith(b"HTTP/1.1 200")
        flood.setblocking(False)
        answered = b""
        with contextlib.suppress(BlockingIOError):
            while block := flood.recv(1 << 20):
                answered += block
        assert answered.count(b"HTTP/1.1 200") < count
