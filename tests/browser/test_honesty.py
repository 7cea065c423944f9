"""The page never claims that noise is removed when it is not."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.box import Box
from tests.browser.browsers import Browsers
from tests.browser.late_answers import flag_late
from tests.browser.pages import open_paired, switch, wait_for_truth


def test_answers_that_are_all_late_are_never_called_on(browsers: Browsers, box: Box, noisy_microphone: Path) -> None:
    with browsers.open(noisy_microphone) as context:
        context.route_web_socket("**/socket.io/**", flag_late("audio"))
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
        expect(page.get_by_text("the box is overloaded. It goes on when fewer people speak.")).to_be_visible()
        switch(page)
        wait_for_truth(page, "off")
        assert "on" not in page.evaluate("[...window.seen]")
