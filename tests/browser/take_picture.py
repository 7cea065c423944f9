"""Take the README's picture of the page while it runs: `python -m tests.browser.take_picture docs/page.png`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.browser.box import Box
from tests.browser.browsers import running_browsers
from tests.browser.clips import write_microphone
from tests.browser.pages import open_paired, switch, wait_for_truth

CLIP = "hum_5db.noisy"
# The picture's right edge then lies in the middle of the speech.
RECORDED_S = 8


def main(picture: Path) -> None:
    """Write the picture."""
    with tempfile.TemporaryDirectory() as folder, running_browsers() as browsers:
        microphone = write_microphone(Path(folder) / "microphone.wav", CLIP)
        box = Box(Path(folder))
        try:
            with browsers.open(microphone) as context:
                page = open_paired(context, box.url, box.take_pin())
                switch(page)
                wait_for_truth(page, "on")
                page.get_by_role("switch", name="Listen").check()
                page.get_by_role("button", name="Record").click()
                page.get_by_text(f"Stop recording · 0:{RECORDED_S:02d}").wait_for()
                page.screenshot(path=picture, full_page=True)
        finally:
            box.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
