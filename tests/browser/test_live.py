"""A noisy microphone goes through the page and the running service, and comes back clean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgpack
import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Page, WebSocket, expect

from tests.browser.box import Box
from tests.browser.browsers import Browsers
from tests.browser.clips import CLIP_RATE_HZ, Samples, find_lag, read_clip, si_sdr_db
from tests.browser.pages import open_paired, switch, wait_for_truth
from tests.browser.recordings import download, open_last, record_until

CLIP = "hum_5db"
LEAST_GAIN_DB = 3.0
MOST_DELAY_MS = 500
# The microphone's 16 bit, the clip's resampling and the browser's mixing together stay below this.
MOST_RECORDING_ERROR_DB = -40.0
# The Socket.IO packet that answers an event.
_ACK = 3
# A busy box may be late with a frame and says so; what may not be is lost sound.
_WHOLE, _LATE = "nothing lost", "not cleaned in time"
_FRAME_S = 0.016


@dataclass(frozen=True)
class LiveRun:
    """What one run left behind."""

    rate_hz: int
    original: Samples
    clean: Samples
    summary: dict[str, float]
    said: str
    delay_ms: int
    addresses: list[str]
    own: str


@pytest.fixture(scope="module")
def run(browsers: Browsers, box: Box, noisy_microphone: Path, tmp_path_factory: pytest.TempPathFactory) -> LiveRun:
    """Stream the clip through the page, record both signals, and download them."""
    folder = tmp_path_factory.mktemp("recording")
    with browsers.open(noisy_microphone) as context:
        addresses: list[str] = []
        context.on("request", lambda request: addresses.append(request.url))
        context.on("page", lambda page: page.on("websocket", lambda socket: addresses.append(socket.url)))
        messages = _keep_messages(context)
        page = open_paired(context, box.url, box.take_pin())
        switch(page)
        wait_for_truth(page, "on")
        # Whenever it begins, one whole clip is in twice its length.
        record_until(page, 2 * len(read_clip(f"{CLIP}.clean")) / CLIP_RATE_HZ)
        delay_ms = int(page.locator("#delay").inner_text().split()[0])
        switch(page)
        wait_for_truth(page, "off")
        summary = _find_summary(messages)
        said = page.locator("#last-run").inner_text()
        open_last(page)
        rate_hz, clean = download(page, "Clean", folder)
        _, original = download(page, "Original", folder)
    return LiveRun(rate_hz, original, clean, summary, said, delay_ms, addresses, box.url)


def _recording_error_db(run: LiveRun) -> float:
    played = read_clip(f"{CLIP}.noisy", run.rate_hz)
    start = find_lag(run.original, played)
    recorded = run.original[start : start + len(played)]
    return -si_sdr_db(recorded, played) if len(recorded) == len(played) else 0.0


def test_speech_is_cleaner_than_it_was(run: LiveRun) -> None:
    target = read_clip(f"{CLIP}.clean", run.rate_hz)
    start = find_lag(run.original, read_clip(f"{CLIP}.noisy", run.rate_hz))
    noisy, clean = (track[start : start + len(target)] for track in (run.original, run.clean))
    assert si_sdr_db(clean, target) >= si_sdr_db(noisy, target) + LEAST_GAIN_DB


def test_the_recorded_original_is_the_clip_without_a_break(run: LiveRun) -> None:
    assert _recording_error_db(run) <= MOST_RECORDING_ERROR_DB


def test_the_clean_track_has_no_break_of_its_own(run: LiveRun) -> None:
    thirds = np.array_split(np.arange(len(run.clean)), 3)
    lags = [find_lag(run.clean[third], run.original[third]) for third in thirds[1:]]
    assert lags == [0, 0]


def test_both_tracks_are_aligned_sample_by_sample(run: LiveRun) -> None:
    assert len(run.original) == len(run.clean)
    assert find_lag(run.clean, run.original) == 0


def test_nothing_was_lost_or_repeated(run: LiveRun) -> None:
    counted = run.summary
    assert counted["lost_packets"] == 0
    assert counted["dropped_packets"] == 0
    assert counted["packets_out"] >= counted["packets_in"] > 0
    assert counted["samples_out"] == counted["samples_in"] + counted["delay_samples"]
    assert run.said == _account_of(counted, run.rate_hz)


def test_the_delay_is_measured_and_within_bound(run: LiveRun) -> None:
    assert 20 < run.delay_ms < MOST_DELAY_MS


def test_no_request_leaves_the_box(run: LiveRun) -> None:
    own = (run.own, run.own.replace("http:", "ws:"), f"blob:{run.own}", "data:")
    assert [address for address in run.addresses if not address.startswith(own)] == []
    assert any(address.startswith("ws:") for address in run.addresses)


def test_a_second_stream_on_the_same_page(browsers: Browsers, box: Box, noisy_microphone: Path) -> None:
    with browsers.open(noisy_microphone) as context:
        page = open_paired(context, box.url, box.take_pin())
        for _ in range(2):
            switch(page)
            wait_for_truth(page, "on")
            switch(page)
            wait_for_truth(page, "off")
        assert page.locator(".notice").count() == 0


@pytest.fixture
def live_page(browsers: Browsers, box: Box, noisy_microphone: Path) -> Iterator[Page]:
    """Give a page whose stream is on."""
    with browsers.open(noisy_microphone) as context:
        page = open_paired(context, box.url, box.take_pin())
        switch(page)
        wait_for_truth(page, "on")
        yield page


def test_listening_to_the_original_is_not_called_on(live_page: Page) -> None:
    live_page.get_by_role("switch", name="Listen").check()
    choices = live_page.get_by_role("group", name="What you hear", exact=True)
    choices.get_by_label("Original").check()
    wait_for_truth(live_page, "original")
    noise_switch = live_page.get_by_role("checkbox", name="Remove noise")
    assert noise_switch.get_attribute("aria-checked") == "mixed"
    choices.get_by_label("Clean").check()
    wait_for_truth(live_page, "on")
    assert noise_switch.get_attribute("aria-checked") == "true"


def test_the_switch_says_what_it_does_and_how_it_stands(live_page: Page) -> None:
    noise_switch = live_page.get_by_role("checkbox", name="Remove noise", exact=True)
    expect(noise_switch).to_have_accessible_description("On. Noise is being removed.")
    switch(live_page)
    wait_for_truth(live_page, "off")
    expect(noise_switch).to_have_accessible_description("Off. Your microphone is closed.")
    assert noise_switch.get_attribute("aria-checked") == "false"


def test_the_last_time_is_told_as_the_box_counted_it_and_only_while_it_is_off(
    browsers: Browsers, box: Box, noisy_microphone: Path
) -> None:
    with browsers.open(noisy_microphone) as context:
        messages = _keep_messages(context)
        page = open_paired(context, box.url, box.take_pin())
        last_run = page.locator("#last-run")
        expect(last_run).to_have_count(0)
        switch(page)
        wait_for_truth(page, "on")
        expect(last_run).to_have_count(0)
        rate_hz = int(page.evaluate("new AudioContext().sampleRate"))
        switch(page)
        wait_for_truth(page, "off")
        expect(last_run).to_have_text(_account_of(_find_summary(messages), rate_hz))
        switch(page)
        expect(last_run).to_have_count(0)
        wait_for_truth(page, "on")
        expect(last_run).to_have_count(0)


def test_a_limit_of_0_db_is_not_called_on(live_page: Page) -> None:
    slider = live_page.get_by_label("Remove at most")
    slider.fill("0")
    wait_for_truth(live_page, "bypassed")
    slider.fill("12")
    wait_for_truth(live_page, "on")


def test_the_page_says_what_the_browser_does_to_the_microphone(live_page: Page) -> None:
    expect(live_page.get_by_text("The browser’s own sound processing is off.")).to_be_visible()


def _account_of(counted: dict[str, float], rate_hz: int) -> str:
    """What the page has to say of a stream that lost nothing, by what the box counted."""
    late_s = counted["late_frames"] * _FRAME_S
    late = "less than 0.1 s" if late_s < 0.1 else f"{round(late_s, 1):g} s"
    result = _WHOLE if late_s == 0 else f"{late} {_LATE}"
    seconds = counted["samples_in"] / rate_hz
    return f"Last time: {round(seconds, 1 if seconds < 9.95 else None):g} s, {result}."


def _keep_messages(context: BrowserContext) -> list[str | bytes]:
    """What the box sends over WebSockets to the pages that are opened from now on, in a list that grows."""
    messages: list[str | bytes] = []

    def note(socket: WebSocket) -> None:
        socket.on("framereceived", lambda message: messages.append(message))

    context.on("page", lambda page: page.on("websocket", note))
    return messages


def _find_summary(messages: list[str | bytes]) -> dict[str, float]:
    """What the box said of the stream and counted: its answers to `stream.start` and `stream.end`, off the wire."""
    packets = (msgpack.unpackb(message) for message in messages if isinstance(message, bytes))
    answers = [packet["data"][0] for packet in packets if packet["type"] == _ACK]
    started = next(answer for answer in answers if "delay_samples" in answer)
    ended = next(answer for answer in answers if "samples_out" in answer)
    return {"delay_samples": started["delay_samples"], **ended}


def test_an_open_microphone_is_seen_wherever_in_the_page_one_is(
    browsers: Browsers, box: Box, noisy_microphone: Path
) -> None:
    with browsers.open(noisy_microphone) as context:
        page = open_paired(context, box.url, box.take_pin())
        sign = page.get_by_role("navigation").get_by_text("The microphone is open")
        expect(sign).to_have_count(0)
        switch(page)
        wait_for_truth(page, "on")
        page.get_by_role("link", name="Files").click()
        expect(page.get_by_role("heading", name="Clean recordings")).to_be_visible()
        expect(sign).to_have_count(1)
        expect(page).to_have_title("● Hushbox")
        page.get_by_role("link", name="Live").click()
        switch(page)
        wait_for_truth(page, "off")
        expect(sign).to_have_count(0)
        expect(page).to_have_title("Hushbox")
