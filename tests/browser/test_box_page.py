"""The owner sees the box breathe, lets people in, and sends them away."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.box import Box
from tests.browser.browsers import Browsers
from tests.browser.pages import open_another, open_as_owner, open_paired, switch, wait_for_truth


@pytest.fixture
def owner(browsers: Browsers, box: Box) -> Iterator[Page]:
    """Give the owner's page of the box."""
    with browsers.open() as context:
        page = open_as_owner(context, box)
        page.get_by_role("link", name="Box").click()
        expect(page.get_by_role("heading", name="The box")).to_be_visible()
        yield page


def test_a_voice_is_seen_in_the_charts_and_among_the_connections(
    owner: Page, browsers: Browsers, box: Box, noisy_microphone: Path
) -> None:
    voices = owner.get_by_role("img", name="Live voices")
    with browsers.open(noisy_microphone, loop=True) as context:
        page = open_paired(context, box.url, box.take_pin())
        switch(page)
        wait_for_truth(page, "on")
        expect(voices.first).to_have_accessible_name(re.compile("^Live voices.*: Live voices 1,"))
        expect(owner.get_by_role("img", name="Delay in the box").first).to_have_accessible_name(
            re.compile(r"^Delay in the box: p50 \d+(\.\d)? ms")
        )
        line = owner.get_by_role("listitem").filter(has_text="speaks now")
        expect(line).to_be_visible()
        expect(owner.get_by_role("log", name="What happens")).to_contain_text("began")
        line.get_by_role("button", name="Disconnect and take back the access").click()
        expect(page.get_by_label("PIN")).to_be_visible()
        expect(page.get_by_role("alert")).not_to_be_empty()
    expect(line).to_have_count(0)


def test_an_invitation_lets_someone_in_until_it_is_revoked(owner: Page, browsers: Browsers) -> None:
    owner.get_by_label("For whom").fill("Ben’s phone")
    owner.get_by_role("button", name="Make an invitation").click()
    link = owner.locator(".link").inner_text()
    with browsers.open(width_px=360) as context:
        page = context.new_page()
        page.goto(link)
        expect(page.get_by_text("Connected", exact=True)).to_be_visible()
        assert "invite" not in page.url
        invitation = owner.get_by_role("listitem").filter(has_text="Ben’s phone")
        expect(invitation).to_contain_text("used up")
        invitation.get_by_role("button", name="Revoke").click()
        expect(page.get_by_label("PIN")).to_be_visible()
        page.goto(link)
        expect(page.get_by_role("alert")).to_contain_text("invitation is over")


def test_a_limit_that_is_set_holds(owner: Page, browsers: Browsers, box: Box, noisy_microphone: Path) -> None:
    limit = owner.get_by_role("spinbutton", name="Live voices")
    before = limit.input_value()
    with browsers.open(noisy_microphone, loop=True) as context:
        pages = [open_paired(context, box.url, box.take_pin()), open_another(context, box.url)]
        limit.fill("1")
        owner.get_by_role("button", name="Save").click()
        expect(owner.get_by_role("log", name="What happens")).to_contain_text("Limits were set: Live voices 1.")
        switch(pages[0])
        wait_for_truth(pages[0], "on")
        switch(pages[1])
        expect(pages[1].get_by_role("alert")).to_contain_text("The box is full")
    limit.fill(before)
    owner.get_by_role("button", name="Save").click()
    expect(owner.get_by_role("button", name="Save")).to_be_disabled()


def test_the_log_and_the_diagnostics_hold_no_token(owner: Page, tmp_path: Path) -> None:
    token = owner.evaluate("JSON.parse(localStorage['hushbox.grant']).token")
    owner.get_by_role("button", name="Read the log").click()
    expect(owner.get_by_role("log", name="Log and diagnostics")).to_be_visible()
    assert token not in owner.content()
    with owner.expect_download() as saved:
        owner.get_by_role("button", name="Download the diagnostic bundle").click()
    path = tmp_path / saved.value.suggested_filename
    saved.value.save_as(path)
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as bundle:
        assert len(bundle.namelist()) >= 3
        assert not any(token.encode() in bundle.read(name) for name in bundle.namelist())


def test_the_capacity_is_measured(owner: Page) -> None:
    owner.get_by_role("button", name="Measure now").click()
    expect(owner.get_by_role("button", name="Measure now")).to_be_enabled()
    expect(owner.locator("#capacity")).to_contain_text("live voices, measured")
    expect(owner.get_by_role("alert")).to_be_empty()


def test_a_speaker_sees_no_box_page(browsers: Browsers, box: Box) -> None:
    with browsers.open() as context:
        page = open_paired(context, box.url, box.take_pin())
        expect(page.get_by_role("link", name="Box")).to_have_count(0)
        page.goto(f"{box.url}/#/box")
        expect(page.get_by_role("checkbox", name="Remove noise")).to_be_visible()
