"""One speaks in a room and the others hear the clean voice; who is there and who listens is seen by all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser import ear
from tests.browser.box import Box
from tests.browser.browsers import Browsers
from tests.browser.late_answers import flag_late
from tests.browser.pages import open_paired, wait_for_truth

LOUD_DB = -45.0


@dataclass(frozen=True)
class TwoPeople:
    """Someone with a room, and someone who came by the link."""

    host: Page
    guest: Page


@contextmanager
def people_in_a_room(
    browsers: Browsers,
    box: Box,
    noisy_microphone: Path,
    on_guests_line: Callable[[WebSocketRoute], None] | None = None,
) -> Iterator[TwoPeople]:
    """Give a host and a guest who listens, in two browsers."""
    with (
        browsers.open(noisy_microphone, loop=True) as hosts,
        browsers.open(width_px=360) as guests,
    ):
        ear.tap(guests)
        if on_guests_line is not None:
            guests.route_web_socket("**/socket.io/**", on_guests_line)
        host = open_paired(hosts, box.url, box.take_pin())
        host.get_by_role("link", name="Rooms").click()
        host.get_by_label("Your name in the room").fill("Anna")
        host.get_by_label("Name of the room").fill("Kitchen")
        host.get_by_role("button", name="Open a room").click()
        link = host.locator(".link").inner_text()
        guest = guests.new_page()
        guest.goto(link)
        guest.get_by_label("Your name in the room").fill("Ben")
        guest.get_by_role("button", name="Join and listen").click()
        expect(guest.get_by_role("heading", name="Kitchen")).to_be_visible()
        yield TwoPeople(host, guest)


@pytest.fixture
def people(browsers: Browsers, box: Box, noisy_microphone: Path) -> Iterator[TwoPeople]:
    """Give the two in a room of the box that all tests share."""
    with people_in_a_room(browsers, box, noisy_microphone) as people:
        yield people


def test_a_guest_hears_the_clean_voice_live(people: TwoPeople) -> None:
    host, guest = people.host, people.guest
    expect(guest.get_by_text("Nobody is speaking.")).to_be_visible()
    assert ear.level_db(guest) < -150
    host.get_by_role("button", name="Speak").click()
    expect(guest.get_by_text("Anna is speaking.")).to_be_visible()
    expect(host.get_by_text("Everyone here hears your clean voice.")).to_be_visible()
    ear.wait_for_level(guest, f"level > {LOUD_DB}")
    # The clip's lead and its pauses, which hum in the microphone, are quiet here.
    ear.wait_for_level(guest, "level < -58")
    expect(guest.locator("[data-cleaned=all]")).to_be_empty()
    guest.get_by_role("switch", name="Listen").uncheck()
    ear.wait_for_level(guest, "level === -200")
    expect(host.get_by_role("listitem").filter(has_text="Ben")).to_contain_text("not listening")
    guest.get_by_role("switch", name="Listen").check()
    ear.wait_for_level(guest, f"level > {LOUD_DB}")
    host.get_by_role("button", name="Stop speaking").click()
    expect(guest.get_by_text("Nobody is speaking.")).to_be_visible()


@pytest.mark.parametrize(
    ("every", "words"), [(1, "You hear the voice as it is"), (3, "Part of the voice is not cleaned right now")]
)
def test_a_guest_is_told_that_the_voice_is_not_clean(
    browsers: Browsers, box: Box, noisy_microphone: Path, every: int, words: str
) -> None:
    with people_in_a_room(browsers, box, noisy_microphone, flag_late("voice", every)) as people:
        note = people.guest.locator("[data-cleaned]")
        expect(note).to_be_empty()
        people.host.get_by_role("button", name="Speak").click()
        expect(note).to_contain_text(words)
        # Who does not listen hears nothing that could be clean or not.
        people.guest.get_by_role("switch", name="Listen").uncheck()
        expect(note).to_be_empty()


def test_who_records_is_seen_by_all(people: TwoPeople) -> None:
    host, guest = people.host, people.guest
    host.get_by_role("button", name="Speak").click()
    expect(guest.get_by_text("Anna is speaking.")).to_be_visible()
    host.get_by_role("link", name="Live").click()
    wait_for_truth(host, "on")
    host.get_by_role("button", name="Record").click()
    host.get_by_role("link", name="Rooms").click()
    expect(guest.get_by_role("listitem").filter(has_text="Anna")).to_contain_text("recording")


def test_messages_reach_everyone_and_are_text(people: TwoPeople) -> None:
    host, guest = people.host, people.guest
    for writer, text in ((host, "Can you hear me?"), (guest, "<b>Yes</b>, well")):
        writer.get_by_role("textbox", name="Message").fill(text)
        writer.get_by_role("button", name="Send").click()
        for reader in (host, guest):
            expect(reader.get_by_role("log", name="Chat")).to_contain_text(text)


def test_a_listener_may_not_speak_and_sees_nothing_else_of_the_box(people: TwoPeople) -> None:
    guest = people.guest
    expect(guest.get_by_role("button", name="Speak")).to_have_count(0)
    expect(guest.get_by_role("navigation").get_by_role("link")).to_have_text(["Rooms"])


def test_a_room_that_is_closed_ends_for_everyone(people: TwoPeople) -> None:
    people.host.get_by_role("button", name="Close the room").click()
    expect(people.guest.get_by_text("The room was closed.")).to_be_visible()
    expect(people.host.get_by_role("button", name="Open a room")).to_be_visible()
