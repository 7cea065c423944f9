import re
from pathlib import Path

import pytest

from edge_server.errors import HushboxError, TooManyStreamsError

PROTOCOL = Path(__file__).parent.parent / "PROTOCOL.md"
LOCAL_ONLY = {
    "model_missing",
    "model_hash_wrong",
    "model_metadata_wrong",
    "output_unwritable",
    "address_taken",
    "data_folder",
    "box_untrusted",
}
"""Errors of the command line, which no lane of the protocol carries."""

KINDS: dict[str, type[HushboxError]] = {kind.code: kind for kind in HushboxError.__subclasses__()}


def promised() -> dict[str, str]:
    """Give the codes of PROTOCOL.md section 2 with their HTTP status, `-` for none."""
    section = PROTOCOL.read_text(encoding="utf-8").split("## 2. Errors")[1].split("## 3.")[0]
    statuses: dict[str, str] = {}
    for codes, column in re.findall(r"^\| (`[^|]+) \| ([^|]+) \|", section, re.MULTILINE):
        names = re.findall(r"`(\w+)`", codes)
        statuses |= dict(zip(names, column.split() * (len(names) if len(column.split()) == 1 else 1), strict=True))
    return statuses


def test_the_protocol_and_the_classes_have_the_same_codes() -> None:
    assert set(KINDS) - LOCAL_ONLY == set(promised())
    assert set(KINDS) >= LOCAL_ONLY


@pytest.mark.parametrize(("code", "status"), promised().items())
def test_a_code_has_the_http_status_of_the_protocol(code: str, status: str) -> None:
    assert status in ("-", str(KINDS[code].http_status))


def test_the_error_object_has_code_message_and_retryable() -> None:
    error = TooManyStreamsError("This box is full.")
    assert error.to_dict() == {"code": "too_many_streams", "message": "This box is full.", "retryable": True}
    assert str(error) == "This box is full."
