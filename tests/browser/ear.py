"""What reaches the loudspeaker of a page, and the audio contexts that it comes from."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, Page

_TAP = """
window.ears = []
const connect = AudioNode.prototype.connect
AudioNode.prototype.connect = function (target, ...rest) {
    if (target instanceof AudioDestinationNode) {
        const analyser = new AnalyserNode(this.context, { fftSize: 16384 })
        window.ears.push(analyser)
        window.audioContext = this.context
        connect.call(this, analyser)
    }
    return connect.call(this, target, ...rest)
}
window.earLevel = () => {
    let power = 0
    for (const ear of window.ears) {
        const samples = new Float32Array(ear.fftSize)
        ear.getFloatTimeDomainData(samples)
        power += samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length
    }
    return power === 0 ? -200 : 10 * Math.log10(power)
}
"""


def tap(context: BrowserContext) -> None:
    """Listen in on every page that is opened from now on."""
    context.add_init_script(_TAP)


def level_db(page: Page) -> float:
    """The level of the last third of a second at the ear, in dB below full scale; -200 for silence."""
    return float(page.evaluate("window.earLevel()"))


def steady_level_db(page: Page, readings: int = 40) -> float:
    """The level of a steady sound, in dB below full scale: the highest of many readings, which dropouts only lower."""
    return max(_level_after_a_frame(page) for _ in range(readings))


def _level_after_a_frame(page: Page) -> float:
    return float(page.evaluate("new Promise(tell => requestAnimationFrame(() => tell(window.earLevel())))"))


def wait_for_level(page: Page, condition: str, timeout_s: float = 20) -> None:
    """Wait until the `level` at the ear fulfils a condition in JavaScript, such as `level < -60`."""
    page.wait_for_function(f"() => {{ const level = window.earLevel(); return {condition} }}", timeout=timeout_s * 1000)
