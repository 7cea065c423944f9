"""Who speaks in training: sentences of one speaker, or the babble of many in one room."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from export.corpus import Corpus, Segment
from export.rooms import RoomBank

Samples = NDArray[np.float32]

SOURCE_WEIGHTS = {
    "librispeech": 0.40,
    "speechocean762": 0.28,
    "picovoice_intent": 0.12,
    "ljspeech": 0.05,
    "kerstin": 0.04,
    "kathleen": 0.04,
    "nathalie": 0.04,
    "picovoice_wakeword": 0.03,
}
"""How often a known speech source is drawn; unknown sources share evenly with weight 0.1 each."""

BABBLE_VOICES = (5, 14)
BABBLE_LEVEL_DB = (-8.0, 0.0)
"""How far below the nearest one a voice of a babble may be."""

BABBLE_FAR_DB = (-12.0, -4.0)
"""Direct sound of a babbling voice against that of one to listen to: who is near enough to be clear is no babble."""


class Voices:
    """The speakers of a corpus, drawn by source first, so that a large source does not drown the others."""

    def __init__(self, speech: Corpus, sample_rate_hz: int) -> None:
        self.speech, self.sample_rate_hz = speech, sample_rate_hz
        found: dict[str, dict[str, list[Segment]]] = defaultdict(lambda: defaultdict(list))
        for segment in speech.segments:
            found[segment.source][segment.group].append(segment)
        self._sources = sorted(found)
        weights = np.array([SOURCE_WEIGHTS.get(source, 0.1) for source in self._sources])
        self._weights = weights / weights.sum()
        self._speakers = {source: list(found[source].values()) for source in self._sources}

    def sentence(self, rng: np.random.Generator, speed: float, length_samples: int) -> Samples:
        """Return utterances of one speaker with short pauses, float32 `[length_samples * speed]`, to be played at `speed`."""
        speakers = self._speakers[self._sources[rng.choice(len(self._sources), p=self._weights)]]
        utterances = speakers[rng.integers(len(speakers))]
        length = int(length_samples * speed)
        sentence = np.zeros(length, dtype=np.float32)
        position = -int(rng.integers(0, length // 2)) if rng.random() < 0.5 else int(rng.integers(0, length // 4))
        while position < length:
            piece = self.speech.read(utterances[rng.integers(len(utterances))])
            first = max(position, 0)
            kept = piece[first - position : first - position + length - first]
            sentence[first : first + len(kept)] = kept
            position += len(piece) + int(rng.uniform(0.05, 0.8) * self.sample_rate_hz)
        return sentence

    def babble(self, rng: np.random.Generator, rooms: RoomBank, length_samples: int) -> Samples:
        """Return several speakers at once, each in a place of its own, float32 `[length_samples]`; nobody to listen to."""
        size = scipy.fft.next_fast_len(length_samples + rooms.full.shape[1], real=True)
        spectrum = np.zeros(size // 2 + 1, dtype=np.complex64)
        for _ in range(rng.integers(BABBLE_VOICES[0], BABBLE_VOICES[1], endpoint=True)):
            room = rng.integers(len(rooms.full))
            near = np.float32(1 - 10 ** (rng.uniform(*BABBLE_FAR_DB) / 20))
            place = scipy.fft.rfft(rooms.full[room] - near * rooms.early[room], size)
            level = np.float32(10 ** (rng.uniform(*BABBLE_LEVEL_DB) / 20))
            spectrum += level * place * scipy.fft.rfft(self.sentence(rng, 1.0, length_samples), size)
        together: Samples = scipy.fft.irfft(spectrum, size)[:length_samples].astype(np.float32)
        return together
