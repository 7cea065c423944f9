"""What a person reads when something goes wrong, and how the page gets going again."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from pathlib import Path

from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.box import Box
from tests.browser.browsers import Browsers
from tests.browser.pages import open_another, open_paired, switch, wait_for_truth

_AN_HOUR_MS = 3_600_000


def test_a_wrong_pin(silent_page: Page, box: Box) -> None:
    pin = box.take_pin()
    silent_page.goto(box.url)
    silent_page.get_by_label("PIN").fill("000000" if pin != "000000" else "111111")
    silent_page.get_by_role("button", name="Connect").click()
    expect(silent_page.get_by_role("alert")).to_contain_text("That PIN is not right")
    silent_page.get_by_label("PIN").fill(f"{pin[:3]} {pin[3:]}")
    silent_page.keyboard.press("Enter")
    expect(silent_page.get_by_text("Connected", exact=True)).to_be_visible()
    expect(silent_page.get_by_role("alert")).to_be_empty()


def test_the_scanned_pin_leaves_the_address(silent_page: Page, box: Box) -> None:
    silent_page.goto(f"{box.url}/#pin={box.take_pin()}")
    expect(silent_page.get_by_text("Connected", exact=True)).to_be_visible()
    assert silent_page.url == f"{box.url}/"
    silent_page.reload()
    expect(silent_page.get_by_text("Connected", exact=True)).to_be_visible()


def test_a_refused_microphone(browsers: Browsers, box: Box) -> None:
    with browsers.open("refused") as context:
        page = open_paired(context, box.url, box.take_pin())
        switch(page)
        expect(page.get_by_role("alert")).to_contain_text("The microphone is blocked")
        wait_for_truth(page, "off")


def test_no_microphone(browsers: Browsers, box: Box) -> None:
    with browsers.open("missing") as context:
        page = open_paired(context, box.url, box.take_pin())
        context.grant_permissions(["microphone"])
        switch(page)
        expect(page.get_by_role("alert")).to_contain_text("No microphone was found")
        wait_for_truth(page, "off")


def test_an_expired_token_asks_for_the_pin(silent_page: Page, box: Box) -> None:
    token = box.mint_token("--ttl", "1")
    _wait_until_refused(box, token)
    _keep_token(silent_page, token)
    silent_page.goto(box.url)
    expect(silent_page.get_by_label("PIN")).to_be_visible()
    expect(silent_page.get_by_role("alert")).to_contain_text("has run out")


def test_a_token_that_ended_while_the_page_was_closed_is_explained(silent_page: Page, box: Box) -> None:
    _keep_token(silent_page, box.mint_token(), expires_in_ms=-1)
    silent_page.goto(box.url)
    expect(silent_page.get_by_label("PIN")).to_be_visible()
    expect(silent_page.get_by_role("alert")).to_contain_text("has run out")


def test_a_token_of_another_box_asks_for_the_pin(silent_page: Page, box: Box) -> None:
    _keep_token(silent_page, "eyJhbGciOiJIUzI1NiJ9.e30.wrong")
    silent_page.goto(box.url)
    expect(silent_page.get_by_label("PIN")).to_be_visible()
    expect(silent_page.get_by_role("alert")).to_contain_text("no longer knows this page")


def test_a_token_is_renewed_before_it_ends(silent_page: Page, tmp_path: Path) -> None:
    box = Box(tmp_path, {"HUSHBOX_TOKEN_TTL_S": "4", "HUSHBOX_TOKEN_WARNING_S": "1"})
    try:
        silent_page.goto(f"{box.url}/#pin={box.take_pin()}")
        expect(silent_page.get_by_text("Connected", exact=True)).to_be_visible()
        first = silent_page.evaluate("localStorage['hushbox.grant']")
        silent_page.wait_for_function("first => localStorage['hushbox.grant'] !== first", arg=first)
        expect(silent_page.get_by_role("alert")).to_be_empty()
        expect(silent_page.get_by_text("Connected", exact=True)).to_be_visible()
    finally:
        box.stop()


def test_an_error_is_in_sight_wherever_the_page_is_scrolled(browsers: Browsers, box: Box) -> None:
    with browsers.open("refused", width_px=360) as context:
        page = open_paired(context, box.url, box.take_pin())
        switch(page)
        notice = page.get_by_role("alert").locator(".notice")
        expect(notice).to_be_visible()
        page.get_by_role("button", name="Forget this box").scroll_into_view_if_needed()
        assert page.evaluate("scrollY") > 0
        expect(notice).to_be_in_viewport(ratio=1)


def test_a_stream_goes_on_by_itself_when_the_box_comes_back(
    browsers: Browsers, noisy_microphone: Path, tmp_path: Path
) -> None:
    box = Box(tmp_path)
    try:
        with browsers.open(noisy_microphone) as context:
            page = open_paired(context, box.url, box.take_pin())
            switch(page)
            wait_for_truth(page, "on")
            box.stop()
            wait_for_truth(page, "reconnecting")
            expect(page.get_by_text("Looking for the box")).to_be_visible()
            expect(page.get_by_role("alert")).to_contain_text("shutting down")
            expect(page.get_by_role("button", name="Record")).to_be_disabled()
            _expect_silent_meters(page)
            box.start()
            wait_for_truth(page, "on")
            expect(page.get_by_text("Connected", exact=True)).to_be_visible()
            expect(page.get_by_role("alert")).to_be_empty()
            expect(page.get_by_role("button", name="Record")).to_be_enabled()
            switch(page)
            expect(page.locator("#last-run")).to_contain_text("interrupted once")
    finally:
        box.stop()


def test_a_connection_that_stands_still_is_shown_and_left_for_another(
    browsers: Browsers, box: Box, noisy_microphone: Path
) -> None:
    with browsers.open(noisy_microphone) as context:
        line = HeldLine()
        context.route_web_socket("**/socket.io/**", line.connect)
        page = open_paired(context, box.url, box.take_pin())
        switch(page)
        wait_for_truth(page, "on")
        line.hold()
        wait_for_truth(page, "stalled")
        # After a second without answers the page takes its stream up again on a new connection.
        wait_for_truth(page, "on")
        expect(page.get_by_role("alert")).to_be_empty()
        switch(page)
        expect(page.locator("#last-run")).to_contain_text("interrupted once")


def test_a_full_box(browsers: Browsers, noisy_microphone: Path, tmp_path: Path) -> None:
    box = Box(tmp_path, {"HUSHBOX_MAX_STREAMS": "1"})
    try:
        with browsers.open(noisy_microphone) as context:
            first = open_paired(context, box.url, box.take_pin())
            second = open_another(context, box.url)
            switch(first)
            wait_for_truth(first, "on")
            switch(second)
            expect(second.get_by_role("alert")).to_contain_text("The box is full")
            wait_for_truth(second, "off")
            wait_for_truth(first, "on")
    finally:
        box.stop()


class HeldLine:
    """A line whose present connection can be made to stand still; the next one is a new one."""

    def __init__(self) -> None:
        self._connections = 0
        self._held = 0

    def connect(self, page_side: WebSocketRoute) -> None:
        """Stand between the page and the box."""
        self._connections += 1
        number = self._connections

        def pass_on(message: str | bytes) -> None:
            if number > self._held:
                page_side.send(message)

        page_side.connect_to_server().on_message(pass_on)

    def hold(self) -> None:
        """Lose what the box sends on the present connection."""
        self._held = self._connections


def _expect_silent_meters(page: Page) -> None:
    for name in ("In level", "Out level"):
        expect(page.get_by_role("meter", name=name)).to_have_attribute("aria-valuetext", "silent")


def _keep_token(page: Page, token: str, expires_in_ms: int = _AN_HOUR_MS) -> None:
    """Leave a token where the page keeps its own, once, as if it had paired before."""
    grant = json.dumps({"token": token, "expiresAtMs": time.time() * 1000 + expires_in_ms})
    page.add_init_script(f"localStorage['hushbox.grant'] ??= {json.dumps(grant)}")


def _wait_until_refused(box: Box, token: str) -> None:
    request = urllib.request.Request(
        f"{box.url}/api/v1/denoise", data=b"-", headers={"Authorization": f"Bearer {token}"}
    )
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(request)
        except urllib.error.HTTPError as refusal:
            if refusal.code == 401:
                return
    raise AssertionError("The token did not expire.")
