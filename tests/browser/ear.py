"""What reaches the loudspeaker of a page, and the audio contexts that it comes from."""

from __future__ import annotations

import statistics

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


def median_level_db(page: Page, readings: int = 12) -> float:
    """The usual level, in dB below full scale: the median over a third of a second each, which a gap or a jump leaves be."""
    return statistics.median(_next_level_db(page) for _ in range(readings))


def _next_level_db(page: Page) -> float:
    """The level of the third of a second that begins now."""
    page.evaluate("""async () => {
        const until = window.audioContext.currentTime + 16384 / window.audioContext.sampleRate
        while (window.audioContext.currentTime < until) await new Promise(requestAnimationFrame)
    }""")
    return level_db(page)


def wait_for_level(page: Page, condition: str) -> None:
    """Wait until the `level` at the ear fulfils a condition in JavaScript, such as `level < -60`."""
    page.wait_for_function(f"() => {{ const level = window.earLevel(); return {condition} }}")
