"""Links and codes that are opened in a tab that shows the page already."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.box import Box
from tests.browser.browsers import Browsers
from tests.browser.pages import open_as_owner, open_paired


def test_a_pin_in_the_address_of_an_open_tab_lets_it_in(silent_page: Page, box: Box) -> None:
    silent_page.goto(box.url)
    expect(silent_page.get_by_label("PIN")).to_be_visible()
    _follow(silent_page, f"pin={box.take_pin()}")
    expect(silent_page.get_by_text("Connected", exact=True)).to_be_visible()
    assert "pin" not in silent_page.url


def test_a_pin_opened_where_it_is_not_needed_is_not_used(silent_page: Page, box: Box) -> None:
    page = open_paired(silent_page.context, box.url, box.take_pin())
    page.get_by_role("link", name="Files").click()
    pin = box.take_pin()
    _follow(page, f"pin={pin}")
    # The page stays where it was.
    page.wait_for_function("() => location.hash === '#/files'")
    expect(page.get_by_role("heading", name="Clean recordings")).to_be_visible()
    page.get_by_role("button", name="Forget this box").click()
    expect(page.get_by_label("PIN")).to_have_value("")
    page.get_by_label("PIN").fill(pin)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Connected", exact=True)).to_be_visible()


def test_an_invitation_opened_in_a_paired_tab_gives_it_more(browsers: Browsers, box: Box) -> None:
    with browsers.open() as owners, browsers.open() as guests:
        owner = open_as_owner(owners, box)
        owner.get_by_role("link", name="Box").click()
        owner.get_by_label("Role").select_option("owner")
        owner.get_by_role("button", name="Make an invitation").click()
        link = owner.locator(".link").inner_text()
        page = open_paired(guests, box.url, box.take_pin())
        expect(page.get_by_role("link", name="Box")).to_have_count(0)
        _follow(page, link.split("#")[1])
        expect(page.get_by_role("link", name="Box")).to_be_visible()
        assert "invite" not in page.url
        # It is used up: the same link is refused, and takes nothing away.
        _follow(page, link.split("#")[1])
        expect(page.get_by_role("alert")).to_contain_text("invitation is over")
        expect(page.get_by_role("link", name="Box")).to_be_visible()


def test_a_guest_of_one_room_comes_into_another_by_its_link(browsers: Browsers, box: Box) -> None:
    with browsers.open() as hosts, browsers.open() as guests:
        guest = guests.new_page()
        guest.goto(box.url)
        for name in ("Kitchen", "Garden"):
            host = open_as_owner(hosts, box)
            host.get_by_role("link", name="Rooms").click()
            host.get_by_label("Your name in the room").fill("Anna")
            host.get_by_label("Name of the room").fill(name)
            host.get_by_role("button", name="Open a room").click()
            _follow(guest, host.locator(".link").inner_text().split("#")[1])
            if name == "Kitchen":
                guest.get_by_label("Your name in the room").fill("Ben")
            guest.get_by_role("button", name="Join and listen").click()
            expect(guest.get_by_role("heading", name=name)).to_be_visible()
            host.get_by_role("button", name="Close the room").click()
            expect(guest.get_by_text("The room was closed.")).to_be_visible()
            # There is nothing more to join here.
            expect(guest.get_by_role("button", name="Join and listen")).to_have_count(0)


def _follow(page: Page, key: str) -> None:
    """Open a link to the page that is open."""
    page.evaluate("key => { location.hash = key }", key)
