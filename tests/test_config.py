from pathlib import Path

import pytest
from click.testing import CliRunner

from edge_server.__main__ import cli
from edge_server.config import Settings
from edge_server.errors import BadRequestError


@pytest.mark.parametrize(
    "wrong", [{"http_port": -1}, {"https_port": 65536}, {"max_streams": 0}, {"max_gap_s": 0.0}, {"token_ttl_s": -5}]
)
def test_a_value_out_of_range_is_refused_by_name(wrong: dict[str, float]) -> None:
    with pytest.raises(BadRequestError, match=next(iter(wrong))):
        Settings(**wrong)  # type: ignore[arg-type]


def test_a_free_port_may_be_asked_for() -> None:
    assert Settings(http_port=0).http_port == 0


def test_settings_come_from_the_environment(tmp_path: Path) -> None:
    runner = CliRunner(env={"HUSHBOX_DATA_DIR": str(tmp_path / "box")})
    result = runner.invoke(cli, ["token"])
    assert result.exit_code == 0
    assert (tmp_path / "box" / "token.key").exists()


@pytest.mark.parametrize("command", ["serve", "denoise", "clean", "token", "invite", "check"])
def test_every_command_explains_itself(command: str) -> None:
    result = CliRunner().invoke(cli, [command, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output
