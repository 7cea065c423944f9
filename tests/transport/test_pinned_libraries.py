"""The places of the pinned libraries that the box overrides, replaces or calls although nobody has promised them."""

import importlib.metadata
from pathlib import Path

import engineio
import engineio.packet
import engineio.payload
import engineio.socket
import flask
import pytest
import socketio
import socketio.msgpack_packet
import socketio.packet
from gevent.pywsgi import Input, WSGIHandler, WSGIServer
from gevent.queue import JoinableQueue
from geventwebsocket.handler import WebSocketHandler
from geventwebsocket.websocket import WebSocket

ROOT = Path(__file__).parent.parent.parent
LIBRARIES = ("Flask", "Flask-SocketIO", "gevent", "gevent-websocket", "python-engineio", "python-socketio", "Werkzeug")


def socketio_server() -> socketio.Server:
    return socketio.Server(async_mode="gevent")


def engineio_socket() -> engineio.socket.Socket:
    return engineio.socket.Socket(socketio_server().eio, "sid")


def tls_server() -> WSGIServer:
    return WSGIServer(("127.0.0.1", 0), None, environ={"SERVER_NAME": "hushbox"}, certfile="certificate")


PLACES = [
    (
        "transport/handler.py",
        WSGIHandler,
        "handle handle_one_request handle_one_response get_environ handle_error log_request log_error "
        "_handle_client_error wsgi_input close_connection",
    ),
    ("transport/handler.py", WebSocketHandler, "upgrade_connection"),
    ("transport/handler.py", WebSocket, "__slots__ __del__"),
    ("transport/wsgi.py", WSGIServer, "handler_class handle wrap_socket_and_handle stop_accepting"),
    ("transport/wsgi.py", tls_server(), "wrap_socket ssl_args address"),
    (
        "transport/request_body.py",
        Input,
        "read readline _discard rfile content_length socket position chunked_input _chunked_input_error",
    ),
    ("transport/request_body.py", flask.Request, "_get_file_stream"),
    ("transport/poll_queue.py", JoinableQueue(), "get put join qsize queue task_done"),
    ("transport/poll_queue.py", socketio_server().eio, "create_queue"),
    ("transport/polling.py", engineio.payload.Payload, "max_decode_packets"),
    ("transport/polling.py", socketio_server().eio, "sockets"),
    ("transport/client_link.py", engineio_socket(), "queue session upgraded closed check_ping_timeout close"),
    ("transport/client_link.py", socketio_server().manager, "eio_sid_from_sid"),
    ("transport/socketio_packet.py", socketio.msgpack_packet.MsgPackPacket, "encode decode"),
    (
        "transport/plain_clients.py",
        socketio_server(),
        "_handle_eio_message _handle_eio_disconnect _handle_connect _handle_disconnect _handle_event _send_packet "
        "environ reason",
    ),
    ("transport/plain_clients.py", socketio.packet.Packet(), "encode add_attachment attachment_count"),
]


@pytest.mark.parametrize("library", LIBRARIES)
def test_what_is_installed_is_what_is_pinned(library: str) -> None:
    pinned = dict(line.split("==") for line in (ROOT / "requirements.txt").read_text().splitlines() if "==" in line)
    assert importlib.metadata.version(library) == pinned[library], f"pip install -r requirements.txt: {library} differs"


@pytest.mark.parametrize(("file", "place", "names"), PLACES, ids=[f"{file}: {names[:20]}" for file, _, names in PLACES])
def test_the_places_that_are_hooked_into_are_still_there(file: str, place: object, names: str) -> None:
    missing = [name for name in names.split() if not hasattr(place, name)]
    kind = place if isinstance(place, type) else type(place)
    assert not missing, f"{kind.__module__}.{kind.__qualname__} has no {missing} any more: see edge_server/{file}"
