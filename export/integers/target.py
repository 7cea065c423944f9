"""Processors that a file is made for, and what each of them can add up without saturating."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path

LARGEST_INT8 = 127
SATURATION_FREE_PAIR = 127
"""AVX2 without VNNI adds two products of uint8 and int8 in 16 bits: 255 * (a + b) <= 32767 as long as a + b <= 128; one less
leaves room for rounding. Source: onnxruntime, "Quantize ONNX Models", on U8S8 and reduce_range."""


@dataclass(frozen=True)
class Target:
    """A kind of processor. `adds_in_16_bits`: neighbouring products of a sum are added in 16 bits and may saturate."""

    name: str
    adds_in_16_bits: bool
    description: str


TARGETS = {
    "auto": Target("auto", True, "right on every one of them: the rule of the strictest"),
    "arm64": Target("arm64", False, "64-bit Arm, Raspberry Pi 3 and newer"),
    "avx2": Target("avx2", True, "x86 with AVX2 but no VNNI"),
    "avx512_vnni": Target("avx512_vnni", False, "x86 with AVX512-VNNI or AVX-VNNI"),
}


def this_machine() -> str:
    """Return the target that this machine is: arm64, avx512_vnni, avx2, or the architecture's name if none fits."""
    machine = platform.machine().lower()
    if machine in ("aarch64", "arm64"):
        return "arm64"
    flags = _processor_flags()
    if flags & {"avx512_vnni", "avx_vnni"}:
        return "avx512_vnni"
    return "avx2" if "avx2" in flags else machine


def saturates_here(target: Target) -> bool:
    """Return whether a file for `target` may give wrong sums on this machine."""
    return not target.adds_in_16_bits and this_machine() not in ("arm64", "avx512_vnni")


def _processor_flags() -> set[str]:
    path = Path("/proc/cpuinfo")
    if not path.exists():
        return set()
    lines = [line for line in path.read_text().splitlines() if line.startswith("flags")]
    return set(lines[0].split(":", 1)[1].split()) if lines else set()
