"""Scores on disk, for systems that never change: asked for again, they cost nothing."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path

from export import dnsmos as dnsmos_source
from export import metrics as metrics_source
from export.checkpoint import sha256_of, write_whole
from export.metrics import SCORE_NAMES, Scores
from export.pairs import Pair


class ScoreCache:
    """The scores of one system under `folder`, one small file a clip.

    The name of an entry is the hash of everything it depends on: the system, the code of the scores, the DNSMOS file, and
    the samples. Without a folder or a fingerprint nothing is kept. Mutates: `folder`.
    """

    def __init__(self, folder: Path | None, fingerprint: str | None, dnsmos: Path | None) -> None:
        self._folder = folder if fingerprint else None
        scoring = [sha256_of(Path(str(module.__file__))) for module in (metrics_source, dnsmos_source)]
        self._key = "\n".join([str(fingerprint), *scoring, sha256_of(dnsmos) if dnsmos else ""])

    def read(self, pair: Pair) -> tuple[int, Scores] | None:
        """Return lag and scores of a clip, or None if they are not known."""
        path = self._path(pair)
        if path is None or not path.exists():
            return None
        try:
            entry = json.loads(path.read_text())
            values = {name: math.nan if entry[name] is None else float(entry[name]) for name in SCORE_NAMES}
            return int(entry["lag_samples"]), Scores(**values)
        except (ValueError, KeyError, TypeError):
            # A damaged entry is as good as none: it will be written again.
            return None

    def write(self, pair: Pair, lag_samples: int, scores: Scores) -> None:
        """Keep lag and scores of a clip."""
        path = self._path(pair)
        if path is None:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        values = {name: None if math.isnan(value) else value for name, value in scores.to_dict().items()}
        write_whole(path, json.dumps({"lag_samples": lag_samples, **values}).encode())

    def _path(self, pair: Pair) -> Path | None:
        if self._folder is None:
            return None
        digest = hashlib.sha256(self._key.encode())
        for samples in (pair.noisy, pair.clean):
            digest.update(samples.tobytes())
        name = digest.hexdigest()
        return self._folder / "scores" / name[:2] / f"{name}.json"
