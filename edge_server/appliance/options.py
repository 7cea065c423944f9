"""Command line options for the fields of `Settings`."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any, TypeVar

import click

from edge_server.config import ENVIRONMENT_PREFIX, Settings

Command = TypeVar("Command", bound=Callable[..., Any])


def settings_options(*names: str) -> Callable[[Command], Command]:
    """Give a command one option for each named field of `Settings` (all fields when none is named)."""
    hints = typing.get_type_hints(Settings, include_extras=True)
    chosen = [item for item in fields(Settings) if not names or item.name in names]

    def decorate(command: Command) -> Command:
        for item in reversed(chosen):
            command = _option(item, hints[item.name])(command)
        return command

    return decorate


def settings_from(values: dict[str, Any]) -> Settings:
    """The settings with the given values; fields that are absent keep their defaults. Raises `BadRequestError`."""
    return Settings(**values)


def _option(item: Field[Any], annotation: Any) -> Callable[[Command], Command]:
    hint, help_text = typing.get_args(annotation)
    flag = "--" + item.name.replace("_", "-")
    if hint is bool:
        flag += "/--no-" + item.name.replace("_", "-")
    default = item.default if item.default_factory is MISSING else item.default_factory()
    return click.option(
        flag,
        item.name,
        type=_click_type(hint),
        default=default,
        show_default=default is not None,
        envvar=ENVIRONMENT_PREFIX + item.name.upper(),
        show_envvar=True,
        help=help_text,
    )


def _click_type(hint: Any) -> Any:
    if isinstance(hint, types.UnionType):
        hint = next(part for part in hint.__args__ if part is not type(None))
    return click.Path(path_type=Path) if hint is Path else hint
