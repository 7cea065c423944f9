"""One pairing serves all tabs of a browser, until a person ends it."""

from __future__ import annotations

from pathlib import Path

import msgpack
from playwright.sync_api import BrowserContext, Page, WebSocketRoute, expect

from tests.browser.box import Box
from tests.browser.browsers import Browsers
from tests.browser.pages import open_paired, switch, wait_for_truth

# The Socket.IO packet that opens a session.
_CONNECT = 0
_KEEP_RENEWED = """token => {
    const { expiresAtMs } = JSON.parse(localStorage['hushbox.grant'])
    localStorage['hushbox.grant'] = JSON.stringify({ token, expiresAtMs: expiresAtMs + 1000 })
}"""


def test_a_second_tab_asks_for_no_pin(browsers: Browsers, box: Box) -> None:
    with browsers.open() as context:
        first = open_paired(context, box.url, box.take_pin())
        second = _open(context, box)
        _expect_connected(first, second)


def test_a_tab_that_waits_for_a_pin_follows_the_one_that_is_paired(browsers: Browsers, box: Box) -> None:
    with browsers.open() as context:
        waiting = _open(context, box)
        expect(waiting.get_by_label("PIN")).to_be_visible()
        open_paired(context, box.url, box.take_pin())
        _expect_connected(waiting)


def test_a_token_renewed_in_one_tab_is_taken_by_the_other(browsers: Browsers, box: Box) -> None:
    with browsers.open() as context:
        first = open_paired(context, box.url, box.take_pin())
        line = TokenLine()
        second = context.new_page()
        second.route_web_socket("**/socket.io/**", line.connect)
        second.goto(box.url)
        _expect_connected(second)
        renewed = box.mint_token()
        first.evaluate(_KEEP_RENEWED, renewed)
        second.wait_for_function("token => localStorage['hushbox.grant'].includes(token)", arg=renewed)
        line.cut()
        expect(second.get_by_text("Looking for the box")).to_be_visible()
        _expect_connected(second)
        assert len(line.tokens) == 2
        assert line.tokens[0] != renewed
        assert line.tokens[1] == renewed


def test_forgetting_the_box_ends_every_tab_and_asks_for_a_pin(
    browsers: Browsers, box: Box, noisy_microphone: Path
) -> None:
    with browsers.open(noisy_microphone) as context:
        first = open_paired(context, box.url, box.take_pin())
        second = _open(context, box)
        switch(first)
        wait_for_truth(first, "on")
        second.get_by_role("button", name="Forget this box").click()
        for page in (first, second):
            expect(page.get_by_label("PIN")).to_be_visible()
            expect(page.get_by_text("Not connected")).to_be_visible()
            expect(page.get_by_role("alert")).to_be_empty()
        first.reload()
        expect(first.get_by_label("PIN")).to_be_visible()
        assert first.evaluate("localStorage.length") == 0


def test_a_pin_scanned_by_a_paired_browser_does_not_let_it_in_again_once_it_is_forgotten(
    browsers: Browsers, box: Box
) -> None:
    with browsers.open() as context:
        open_paired(context, box.url, box.take_pin())
        pin = box.take_pin()
        page = open_paired(context, box.url, pin)
        page.get_by_role("button", name="Forget this box").click()
        expect(page.get_by_label("PIN")).to_have_value("")
        page.get_by_label("PIN").fill(pin)
        page.keyboard.press("Enter")
        _expect_connected(page)


class TokenLine:
    """A connection that can be cut and notes the tokens that the page shows when it connects."""

    def __init__(self) -> None:
        self.tokens: list[str] = []

    def connect(self, page_side: WebSocketRoute) -> None:
        """Stand between the page and the box."""
        self._page_side = page_side
        server = page_side.connect_to_server()

        def pass_on(message: str | bytes) -> None:
            packet = msgpack.unpackb(message) if isinstance(message, bytes) else {}
            if packet.get("type") == _CONNECT:
                self.tokens.append(packet["data"]["token"])
            server.send(message)

        page_side.on_message(pass_on)

    def cut(self) -> None:
        """Close the connection; the page opens another."""
        self._page_side.close()


def _open(context: BrowserContext, box: Box) -> Page:
    page = context.new_page()
    page.goto(box.url)
    return page


def _expect_connected(*pages: Page) -> None:
    for page in pages:
        expect(page.get_by_text("Connected", exact=True)).to_be_visible()
