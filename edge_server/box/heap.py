"""Where the process's large blocks of memory lie."""

from __future__ import annotations

import ctypes

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_LARGE_BYTES = 4 << 20


def map_large_blocks() -> None:
    """Let blocks of 4 MiB and more lie by themselves, where the kernel moves one that grows without copying it.

    glibc begins with 128 KiB and takes the size of each such block that is freed for the next limit, up to 32 MiB: after the
    first upload, the next one would be copied over and over as it grows, for 10 ms at a time in which no voice goes on.
    What is free at the end of the heap stays there up to twice that size, as it would with a limit that grows. Does nothing
    where the C library is another one, or refuses. Mutates: the process.
    Source: mallopt(3), M_MMAP_THRESHOLD and M_TRIM_THRESHOLD.
    """
    if (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)) is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        mallopt(_M_TRIM_THRESHOLD, 2 * _LARGE_BYTES)
