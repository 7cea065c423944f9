"""What a control event is answered: its result, or the refusal."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from edge_server.auth.tokens import TokenDesk
from edge_server.errors import HushboxError, InternalError
from edge_server.transport.client import Client
from edge_server.transport.fields import as_fields

logger = logging.getLogger(__name__)

Answer = dict[str, Any]
Handler = Callable[[Client, Mapping[str, Any]], Answer]


class ControlAnswers:
    """Runs the handler of a control event for a client whose token is still good, whatever it raises."""

    def __init__(self, tokens: TokenDesk) -> None:
        self._tokens = tokens

    def answer(self, client: Client, handler: Handler, argument: object) -> Answer:
        """The acknowledgement of an event with this argument."""
        try:
            self._tokens.verify_again(client.session.claims)
            return {"ok": True, **handler(client, as_fields(argument))}
        except HushboxError as error:
            client.metrics.count_error(error)
            return refusal(error)
        except Exception:
            logger.exception("A control event could not be handled.")
            return refusal(InternalError("Something broke in the box; its log has the details."))


def refusal(error: HushboxError) -> Answer:
    """The acknowledgement that says no."""
    return {"ok": False, "error": error.to_dict()}
