"""Temperature and throttling, where the system tells them."""

from __future__ import annotations

from pathlib import Path

import psutil

_PI_THROTTLED = Path("/sys/devices/platform/soc/soc:firmware/get_throttled")
# Bits of the firmware's word: under-voltage, frequency capped, throttled, soft temperature limit; each as of now.
_NOW_BITS = 0xF
_CPU_SENSORS = ("cpu_thermal", "coretemp", "k10temp", "soc_thermal", "acpitz")


class Thermometer:
    """The last reading of the sensors, shared by all who ask; None where the system does not tell. Thread: any."""

    def __init__(self) -> None:
        self.temperature_c: float | None = None
        self.throttled: bool | None = None

    def read(self) -> None:
        """Read the sensors, some of which take their time: not for the network loop."""
        self.temperature_c, self.throttled = temperature_c(), throttled()


def temperature_c() -> float | None:
    """The hottest the processor is anywhere, in degrees Celsius."""
    try:
        sensors = psutil.sensors_temperatures()
    except (AttributeError, OSError):
        return None
    for name in _CPU_SENSORS:
        if sensors.get(name):
            return round(max(float(reading.current) for reading in sensors[name]), 1)
    return None


def throttled(path: Path = _PI_THROTTLED) -> bool | None:
    """Whether the processor of a Raspberry Pi is slowed down now."""
    try:
        return bool(int(path.read_text(), 16) & _NOW_BITS)
    except (OSError, ValueError):
        return None
