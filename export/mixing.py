"""Training examples: one voice, up to three noises, a room, a microphone. Every example is a function of (seed, index)."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import scipy.fft
import scipy.signal
from numpy.typing import NDArray
from torch.utils.data import IterableDataset

from export.corpus import Corpus
from export.recipe import MixConfig
from export.rooms import RoomBank
from export.tones import tones
from export.voices import Voices

Samples = NDArray[np.float32]


class Mixer:
    """Draws noisy/clean pairs from a speech and a noise corpus."""

    def __init__(self, speech: Corpus, noise: Corpus, rooms: RoomBank, config: MixConfig) -> None:
        self.noise, self.rooms, self.config = noise, rooms, config
        self._voices = Voices(speech, config.sample_rate_hz)
        by_class = defaultdict(list)
        for segment in noise.segments:
            by_class[segment.group].append(segment)
        self._noise_classes = list(by_class.values())
        spread = np.sqrt([sum(s.end - s.first for s in members) for members in self._noise_classes])
        self._noise_weights = spread / spread.sum()

    def example(self, seed: int, index: int) -> tuple[Samples, Samples]:
        """Return noisy and clean float32 `[length_samples]`; the same for the same seed and index."""
        rng = np.random.default_rng([seed, index])
        config = self.config
        wet, dry = self._voice(rng)
        noise = self._noises(rng)
        if rng.random() < config.noise_only_probability:
            wet, dry = np.zeros_like(wet), np.zeros_like(dry)
            noise = noise * (10 ** (rng.uniform(-50, -20) / 20) / (_rms(noise) + 1e-9))
        else:
            clean_case = rng.random() < config.clean_probability
            snr_db = rng.uniform(config.kept_snr_db[0], 50) if clean_case else rng.uniform(*config.snr_db)
            level = 10 ** (rng.uniform(*config.level_db) / 20) / (active_rms(wet) + 1e-9)
            wet, dry = wet * level, dry * level
            noise = noise * (active_rms(wet) / (active_rms(noise) + 1e-9) * 10 ** (-snr_db / 20))
            kept = np.interp(snr_db, config.kept_snr_db, (0.0, 1.0))
            dry = dry + np.float32(kept) * noise
        noisy = wet + noise
        if rng.random() < config.band_limit_probability:
            noisy, dry = _low_pass(rng, config.sample_rate_hz, noisy, dry)
        return self._microphone(rng, noisy, dry)

    def _voice(self, rng: np.random.Generator) -> tuple[Samples, Samples]:
        length = self.config.length_samples
        speed = self._speed(rng, self.config.voice_speed)
        speech = _stretch(self._voices.sentence(rng, speed, length), length)
        size = scipy.fft.next_fast_len(length + self.rooms.full.shape[1], real=True)
        shaped = scipy.fft.rfft(speech, size) * _equaliser(rng, size, self.config.sample_rate_hz, 5.0, high_pass=True)
        if rng.random() >= self.config.room_probability:
            dry = scipy.fft.irfft(shaped, size)[:length]
            return dry, dry
        room = rng.integers(len(self.rooms.full))
        wet = scipy.fft.irfft(shaped * scipy.fft.rfft(self.rooms.full[room], size), size)[:length]
        dry = scipy.fft.irfft(shaped * scipy.fft.rfft(self.rooms.early[room], size), size)[:length]
        return wet, dry

    def _speed(self, rng: np.random.Generator, speeds: tuple[float, float]) -> float:
        """Draw a speed. Another speed is another pitch and another size of throat: a voice that nobody has recorded."""
        return float(rng.uniform(*speeds)) if rng.random() < self.config.speed_probability else 1.0

    def _noises(self, rng: np.random.Generator) -> Samples:
        length = self.config.length_samples
        total = np.zeros(length, dtype=np.float32)
        for _ in range(rng.choice([1, 2, 3], p=[0.6, 0.3, 0.1])):
            sound = self._sound(rng)
            size = scipy.fft.next_fast_len(length, real=True)
            curve = _equaliser(rng, size, self.config.sample_rate_hz, 6.0, high_pass=False)
            shaped = scipy.fft.irfft(scipy.fft.rfft(sound, size) * curve, size)[:length]
            total += shaped * np.float32(10 ** (rng.uniform(-9, 0) / 20) / (_rms(shaped) + 1e-9))
        return total

    def _sound(self, rng: np.random.Generator) -> Samples:
        """Return one noise: made on the spot, or a recording."""
        length, kind = self.config.length_samples, rng.random()
        if kind < self.config.tones_probability:
            return tones(rng, length, self.config.sample_rate_hz)
        if kind < self.config.tones_probability + self.config.babble_probability:
            return self._voices.babble(rng, self.rooms, length)
        return self._recorded(rng)

    def _recorded(self, rng: np.random.Generator) -> Samples:
        members = self._noise_classes[rng.choice(len(self._noise_classes), p=self._noise_weights)]
        clip = self.noise.read(members[rng.integers(len(members))])
        looped = np.roll(clip, -int(rng.integers(len(clip))))
        length = self.config.length_samples
        return _stretch(np.resize(looped, int(length * self._speed(rng, self.config.noise_speed))), length)

    def _microphone(self, rng: np.random.Generator, noisy: Samples, dry: Samples) -> tuple[Samples, Samples]:
        limit = 1.0
        if rng.random() < self.config.clip_probability:
            limit = max(float(np.abs(noisy).max()) * rng.uniform(0.3, 0.9), 1e-3)
        clipped = np.clip(noisy, -limit, limit)
        steps = np.rint(clipped * 32768) * np.float32(1 / 32768)
        return steps.astype(np.float32), dry.astype(np.float32)


class MixStream(IterableDataset[tuple[Samples, Samples]]):
    """Endless examples from `first_index` on, for a loader with one worker."""

    def __init__(self, mixer: Mixer, seed: int, first_index: int) -> None:
        self.mixer, self.seed, self.first_index = mixer, seed, first_index

    def __iter__(self) -> Iterator[tuple[Samples, Samples]]:
        return (self.mixer.example(self.seed, index) for index in itertools.count(self.first_index))


def active_rms(samples: Samples, frame_samples: int = 480) -> float:
    """Return the RMS over the frames within 35 dB of the loudest one: a quick stand-in for the ITU-T P.56 active level."""
    usable = len(samples) // frame_samples * frame_samples
    energies = np.mean(np.square(samples[:usable].reshape(-1, frame_samples)), axis=1)
    peak = float(energies.max(initial=0.0))
    if peak == 0.0:
        return 0.0
    return float(np.sqrt(energies[energies > peak * 10**-3.5].mean()))


def _stretch(samples: Samples, length: int) -> Samples:
    """Return `samples` resampled to `length`, through a length that the FFT likes."""
    if len(samples) == length:
        return samples
    fast = scipy.fft.next_fast_len(len(samples), real=True)
    padded = np.pad(samples, (0, fast - len(samples)))
    wanted = scipy.fft.next_fast_len(round(length * fast / len(samples)), real=True)
    stretched = scipy.signal.resample(padded, wanted).astype(np.float32)
    return np.pad(stretched[:length], (0, max(0, length - len(stretched))))


def _rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples))))


def _equaliser(
    rng: np.random.Generator, size: int, sample_rate_hz: int, spread_db: float, high_pass: bool
) -> NDArray[np.float32]:
    frequencies = scipy.fft.rfftfreq(size, 1 / sample_rate_hz)
    knots_hz = np.array([0, 150, 400, 1000, 2500, 5000, 8000])
    gains_db = rng.normal(0.0, spread_db / 2, len(knots_hz)) if rng.random() < 0.7 else np.zeros(len(knots_hz))
    curve = 10 ** (np.interp(np.log1p(frequencies / 100), np.log1p(knots_hz / 100), gains_db) / 20)
    if high_pass:
        curve *= (frequencies / 60) ** 2 / (1 + (frequencies / 60) ** 2)
    single: NDArray[np.float32] = curve.astype(np.float32)
    return single


def _low_pass(rng: np.random.Generator, sample_rate_hz: int, *signals: Samples) -> list[Samples]:
    cutoff_hz = rng.uniform(3400, 7600)
    filtered = scipy.signal.butter(8, cutoff_hz, fs=sample_rate_hz, output="sos")
    return [scipy.signal.sosfilt(filtered, signal).astype(np.float32) for signal in signals]
