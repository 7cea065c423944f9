"""The page never claims that noise is removed when it is not."""

from __future__ import annotations

from pathlib import Path

import msgpack
from playwright.sync_api import Playwright, WebSocketRoute

from edge_server.transport.packets import FLAG_LATE
from tests.browser.box import Box
from tests.browser.chromium import open_browser, open_paired, switch, wait_for_truth

_NO_FLAGS = b"\x01\x01\x00\x00"


def test_answers_that_are_all_late_are_never_called_on(
    playwright: Playwright, box: Box, noisy_microphone: Path
) -> None:
    with open_browser(playwright, noisy_microphone) as context:
        context.route_web_socket("**/socket.io/**", _flag_every_answer_late)
        page = open_paired(context, box.url, box.take_pin())
        page.evaluate(
            """() => {
                window.seen = new Set()
                const live = document.querySelector('[data-truth]')
                new MutationObserver(() => window.seen.add(live.dataset.truth)).observe(live, {attributes: true})
            }"""
        )
        switch(page)
        wait_for_truth(page, "bypassed")
        assert page.get_by_text("the box is overloaded").is_visible()
        switch(page)
        wait_for_truth(page, "off")
        assert "on" not in page.evaluate("[...window.seen]")


def _flag_every_answer_late(socket: WebSocketRoute) -> None:
    server = socket.connect_to_server()

    def pass_on(message: str | bytes) -> None:
        socket.send(_with_late_flag(message) if isinstance(message, bytes) else message)

    server.on_message(pass_on)


def _with_late_flag(message: bytes) -> bytes:
    packet = msgpack.unpackb(message)
    if not (isinstance(packet.get("data"), list) and packet["data"][0] == "audio"):
        return message
    audio = packet["data"][1]
    assert audio.startswith(_NO_FLAGS)
    packet["data"][1] = audio[:2] + FLAG_LATE.to_bytes(2, "little") + audio[4:]
    flagged: bytes = msgpack.packb(packet)
    return flagged
