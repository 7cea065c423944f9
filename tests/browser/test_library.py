"""Another page sends its clean voice through a call."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.box import Box
from tests.browser.browsers import Browsers
from tests.browser.pages import KEEP_TRACKS

# What arrives at the far end of the call, twenty times a second.
_HEAR = """() => {
    const context = new AudioContext()
    const analyser = new AnalyserNode(context, { fftSize: 8192 })
    context.createMediaStreamSource(document.querySelector('#far').srcObject).connect(analyser)
    const samples = new Float32Array(analyser.fftSize)
    window.heard = () => {
        analyser.getFloatTimeDomainData(samples)
        return 10 * Math.log10(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length + 1e-20)
    }
    return context.resume()
}"""


def test_a_call_carries_the_clean_voice(browsers: Browsers, box: Box, noisy_microphone: Path) -> None:
    complaints: list[str] = []
    with browsers.open(noisy_microphone, loop=True) as context:
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{box.url}/library/example.html")
        page.get_by_label("PIN of the box").fill(box.take_pin())
        page.get_by_role("button", name="Call").click()
        page.wait_for_function("() => document.querySelector('#far').srcObject !== null")
        expect(page.locator("#truth")).to_have_text("on")
        page.evaluate(_HEAR)
        # Speech comes through, and between the words, where the microphone hums at -40 dB, there is next to nothing.
        _wait_for_level(page, "level > -38")
        _wait_for_level(page, "level < -60 && level > -190")
        _wait_for_level(page, "level > -38")
        page.get_by_role("button", name="Hang up").click()
        expect(page.locator("#truth")).to_have_text("off")
        _wait_for_level(page, "level < -100")
        expect(page.locator("#problem")).to_be_empty()
    assert complaints == []


def test_a_wrong_pin_is_told_to_the_page(browsers: Browsers, box: Box, noisy_microphone: Path) -> None:
    with browsers.open(noisy_microphone) as context:
        context.add_init_script(KEEP_TRACKS)
        page = context.new_page()
        page.goto(f"{box.url}/library/example.html")
        pin = box.take_pin()
        page.get_by_label("PIN of the box").fill("000000" if pin != "000000" else "111111")
        page.get_by_role("button", name="Call").click()
        expect(page.locator("#problem")).not_to_be_empty()
        expect(page.locator("#truth")).to_have_text("off")
        # Nobody listens when the call has failed.
        assert page.evaluate("window.tracks.map(track => track.readyState)") == ["ended"]
        expect(page.get_by_role("button", name="Hang up")).to_be_disabled()
        page.get_by_label("PIN of the box").fill(pin)
        page.get_by_role("button", name="Call").click()
        expect(page.locator("#truth")).to_have_text("on")
        expect(page.locator("#problem")).to_be_empty()


def _wait_for_level(page: Page, condition: str) -> None:
    page.wait_for_function(f"() => {{ const level = window.heard(); return {condition} }}")
