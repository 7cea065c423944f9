"""The rules of ARCHITECTURE.md about who may import what, enforced by reading the imports."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NETWORK = {"flask", "flask_socketio", "socketio", "engineio", "gevent", "geventwebsocket", "werkzeug", "jwt"}
TRAINING = {"torch", "torchaudio", "onnx", "export"}

# Files or folders, and the packages that nothing in them may import.
RULES = [
    ("edge_server", TRAINING),
    ("edge_server/audio", NETWORK | {"edge_server.engine", "edge_server.sessions", "edge_server.transport"}),
    ("edge_server/engine", NETWORK | {"edge_server.sessions", "edge_server.transport", "edge_server.offline"}),
    ("edge_server/offline", NETWORK | {"edge_server.sessions", "edge_server.transport"}),
    ("edge_server/sessions", NETWORK),
    ("edge_server/store", NETWORK),
    ("edge_server/rooms/room.py", NETWORK),
    ("edge_server/rooms/voice_queue.py", NETWORK),
    ("edge_server/box/event_feed.py", NETWORK),
    ("edge_server/transport/bounded_msgpack.py", NETWORK),
    ("edge_server/transport/outbox.py", NETWORK),
    ("edge_server/transport/packets.py", NETWORK),
    ("edge_server/transport/tickets.py", NETWORK),
    ("edge_server/transport/turnstile.py", NETWORK),
    ("edge_server/transport/loop_share.py", NETWORK),
    ("edge_server/transport/websocket_frames.py", NETWORK),
    ("edge_server/rate_limit.py", NETWORK),
    ("export", NETWORK),
]


def imports_of(path: Path) -> set[str]:
    """Give the full names of all that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize(("place", "forbidden"), RULES, ids=[place for place, _ in RULES])
def test_nothing_imports_what_its_place_forbids(place: str, forbidden: set[str]) -> None:
    root = ROOT / place
    files = [root] if root.is_file() else sorted(root.rglob("*.py"))
    assert files, f"{place} holds no Python"
    broken = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files
        for name in sorted(imports_of(path))
        if any(name == package or name.startswith(f"{package}.") for package in forbidden)
    ]
    assert broken == []


def test_whatever_calls_itself_pure_may_import_nothing_of_the_network() -> None:
    pure = [path for path in (ROOT / "edge_server").rglob("*.py") if _calls_itself_pure(path)]
    bound = [ROOT / place for place, forbidden in RULES if forbidden >= NETWORK]
    free = [str(path.relative_to(ROOT)) for path in pure if not any(path.is_relative_to(place) for place in bound)]
    assert pure
    assert free == []


def _calls_itself_pure(path: Path) -> bool:
    return " Pure" in (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "")


def test_the_reader_sees_every_kind_of_import(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text("import a.b\ndef f():\n    from c import d as e\n    import g as h\n")
    assert imports_of(tmp_path / "x.py") == {"a.b", "c.d", "g"}
