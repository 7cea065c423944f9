from typing import Any

import pytest

from edge_server.errors import BadRequestError
from edge_server.transport.fields import as_fields, choice, integer, limit_db, text

HUGE = pytest.param(10**400, id="huge")
"""More than a float can be, and no more than JSON can write."""


def test_good_fields_are_given_as_they_are() -> None:
    fields = as_fields({"n": 5, "s": "x", "db": 12, "f": "flac"})
    assert integer(fields, "n") == 5
    assert text(fields, "s") == "x"
    assert limit_db(fields, "db", 100.0) == 12.0
    assert choice(fields, "f", ("wav", "flac")) == "flac"


def test_absent_fields_have_their_defaults() -> None:
    assert as_fields(None) == {}
    assert limit_db({}, "db", 100.0) is None
    assert choice({}, "f", ("wav", "flac")) == "wav"


@pytest.mark.parametrize("value", [None, "5", 5.0, True, [5], 2**63, -(2**63) - 1, HUGE])
def test_integer_names_the_field_it_refuses(value: Any) -> None:
    with pytest.raises(BadRequestError, match="packet_samples"):
        integer({"packet_samples": value}, "packet_samples")


@pytest.mark.parametrize("value", ["3", True, -0.1, 100.1, float("nan"), float("inf"), HUGE, [], {}])
def test_limit_refuses_what_is_no_attenuation(value: Any) -> None:
    with pytest.raises(BadRequestError, match="suppression_limit_db"):
        limit_db({"suppression_limit_db": value}, "suppression_limit_db", 100.0)


@pytest.mark.parametrize("value", ["mp3", 3, [], {}])
def test_choice_refuses_others(value: Any) -> None:
    with pytest.raises(BadRequestError, match="format"):
        choice({"format": value}, "format", ("wav", "flac"))


@pytest.mark.parametrize("argument", ["x", 1, [], b"x"])
def test_an_argument_that_is_no_object_is_refused(argument: Any) -> None:
    with pytest.raises(BadRequestError):
        as_fields(argument)
