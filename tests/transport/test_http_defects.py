"""A defect behind a route: the caller hears `internal`, and nothing about what broke."""

from collections.abc import Callable
from typing import Any, cast

import pytest
from flask.testing import FlaskClient

from edge_server.auth.pairing import PairingDesk
from edge_server.auth.tokens import TokenDesk
from edge_server.config import Settings
from edge_server.engine.model_file import ModelFile
from edge_server.engine.stats import EngineConfig
from edge_server.engine.worker import Engine
from edge_server.jobs.clip import ClipDesk
from edge_server.metrics import Metrics
from edge_server.transport.http import HttpContext, create_flask_app
from edge_server.transport.upload_gate import UploadGate


def broken() -> Any:
    raise RuntimeError("a secret detail")


@pytest.fixture
def client(tiny_model: ModelFile) -> FlaskClient:
    engine = Engine(tiny_model, EngineConfig(), lambda: None)
    context = HttpContext(
        Settings(),
        PairingDesk(5, 60, lambda: 0.0, lambda pin: None),
        TokenDesk(b"k" * 32, 60, lambda: 0.0),
        cast(ClipDesk, None),
        UploadGate(1, 1.0, 1.0),
        Metrics(engine.stats),
        cast(Callable[[], float], broken),
        broken,
    )
    return create_flask_app(context).test_client()


@pytest.mark.parametrize("path", ["/api/v1/info", "/readyz"])
def test_a_defect_is_internal(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 500
    assert response.json is not None
    assert response.json["error"]["code"] == "internal"
    assert "secret" not in response.get_data(as_text=True)
