"""Reading the fields of a request; every refusal names the field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from edge_server.errors import BadRequestError

# JSON knows no bound.
_BEYOND_64_BITS = 2**63


def as_fields(argument: object) -> Mapping[str, Any]:
    """The argument of an event as fields; nothing at all counts as no fields. Raises `BadRequestError`."""
    if argument is None:
        return {}
    if not isinstance(argument, dict):
        raise BadRequestError("The argument of this event has to be an object.")
    return argument


def integer(fields: Mapping[str, Any], name: str) -> int:
    """A required integer that databases and floats can hold. Raises `BadRequestError`."""
    value = fields.get(name)
    if type(value) is not int or not -_BEYOND_64_BITS <= value < _BEYOND_64_BITS:
        raise BadRequestError(f"{name} has to be an integer of 64 bits.")
    return value


def integer_in(fields: Mapping[str, Any], name: str, lowest: int, highest: int) -> int:
    """A required integer of this range. Raises `BadRequestError`."""
    value = integer(fields, name)
    if not lowest <= value <= highest:
        raise BadRequestError(f"{name} has to be between {lowest} and {highest}.")
    return value


def flag(fields: Mapping[str, Any], name: str, default: bool) -> bool:
    """A truth value. Raises `BadRequestError`."""
    value = fields.get(name, default)
    if not isinstance(value, bool):
        raise BadRequestError(f"{name} has to be true or false.")
    return value


def text(fields: Mapping[str, Any], name: str) -> str:
    """A required string. Raises `BadRequestError`."""
    value = fields.get(name)
    if not isinstance(value, str):
        raise BadRequestError(f"{name} has to be a string.")
    return value


def limit_db(fields: Mapping[str, Any], name: str, highest: float) -> float | None:
    """An optional number of dB from 0 to `highest`; None is no limit. Raises `BadRequestError`."""
    value = fields.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadRequestError(f"{name} has to be a number or null.")
    # Nor is what is no number, or an integer that no float can hold.
    if not 0 <= value <= highest:
        raise BadRequestError(f"{name} has to be between 0 and {highest:g}.")
    return float(value)


def choice(fields: Mapping[str, Any], name: str, choices: Sequence[str]) -> str:
    """One of the choices; the first one when the field is absent. Raises `BadRequestError`."""
    value = fields.get(name)
    if value is None:
        return choices[0]
    if value not in choices:
        raise BadRequestError(f"{name} has to be {' or '.join(choices)}.")
    return str(value)
