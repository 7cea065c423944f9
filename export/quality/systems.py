"""The systems that are measured: described so that another process can open them, and recognised by their files."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from importlib import metadata
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_server.engine.model_file import SHIPPED_SUFFIX, load_model, open_model
from edge_server.offline.denoise import denoise_samples
from export import peers
from export.checkpoint import sha256_of
from export.peers import System

Samples = NDArray[np.float32]


class Kind(StrEnum):
    """How a system is run."""

    UNPROCESSED = "unprocessed"
    RNNOISE = "RNNoise"
    DTLN = "DTLN"
    STFT_PEER = "STFT peer"
    MODEL = "model"


@dataclass(frozen=True)
class SystemSpec:
    """A system by its name, its kind and its files. Picklable; `open` makes it run."""

    name: str
    kind: Kind
    files: tuple[Path, ...] = ()

    @property
    def ours(self) -> bool:
        """Whether this is a model of Hushbox, not a peer."""
        return self.kind is Kind.MODEL

    def open(self) -> System:
        """Return the system. Raises ModelFileError, PackageError or the server's model errors."""
        if self.kind is Kind.MODEL:
            return open_hushbox(self.files[0])
        if self.kind is Kind.RNNOISE:
            return peers.make_rnnoise()
        if self.kind is Kind.DTLN:
            return peers.make_dtln(*self.files)
        if self.kind is Kind.STFT_PEER:
            return peers.make_stft_peer(self.files[0])
        return unprocessed

    def hashes(self) -> dict[str, str]:
        """Return the SHA-256 of every file by its name."""
        return {path.name: sha256_of(path) for path in self.files}

    def fingerprint(self) -> str | None:
        """Return what a peer's output depends on, as a hash; None for a model, whose way through the engine changes."""
        if self.ours:
            return None
        package = metadata.version("pyrnnoise") if self.kind is Kind.RNNOISE else ""
        parts = [self.kind, package, sha256_of(Path(peers.__file__)), *self.hashes().values()]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def unprocessed(noisy: Samples, sample_rate_hz: int) -> Samples:
    """Return the input."""
    return noisy


def open_hushbox(path: Path) -> System:
    """Return a system that runs a model of ours through the server's engine, as a user gets it.

    A shipped file has to match its manifest; any other file that keeps the model contract (NAME.fp32.onnx) needs none.
    """
    model = load_model(path) if path.name.endswith(SHIPPED_SUFFIX) else open_model(path)
    return lambda noisy, sample_rate_hz: denoise_samples(model, noisy, sample_rate_hz)


def describe_models(paths: tuple[Path, ...]) -> list[SystemSpec]:
    """Return the models at `paths`, each named after its file."""
    return [SystemSpec(path.name.removesuffix(".onnx"), Kind.MODEL, (path,)) for path in paths]


def describe_peers(folder: Path, rnnoise: bool) -> list[SystemSpec]:
    """Return the unprocessed signal, RNNoise if asked for, and the public models whose ONNX files are in `folder`."""
    specs = [SystemSpec("unprocessed", Kind.UNPROCESSED)]
    if rnnoise:
        specs.append(SystemSpec("RNNoise", Kind.RNNOISE))
    dtln = (folder / "dtln_1.onnx", folder / "dtln_2.onnx")
    if all(path.exists() for path in dtln):
        specs.append(SystemSpec("DTLN", Kind.DTLN, dtln))
    found = {name: folder / file for name, file in peers.STFT_PEERS.items() if (folder / file).exists()}
    return specs + [SystemSpec(name, Kind.STFT_PEER, (path,)) for name, path in found.items()]
