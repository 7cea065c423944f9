"""What the terminal shows: addresses, the PIN and a QR code."""

from __future__ import annotations

import io
from collections.abc import Sequence

import qrcode


def start_banner(
    local_url: str | None, lan_urls: Sequence[str], model: str, capacity: str, invite_options: str = ""
) -> str:
    """The lines shown once, when the box is ready; `capacity` is like "about 40 live voices on this box".

    `invite_options` let `invite` find a box that was started with other settings than the usual ones.
    """
    lines = ["", f"Hushbox is ready: {capacity}. Model: {model}."]
    if local_url:
        lines.append(f"  on this machine   {local_url}")
    lines += [f"  on your network   {url}" for url in lan_urls]
    if lan_urls:
        lines.append("  (the box signs its own certificate, so a browser asks once whether to go on)")
    lines.append(f"To look after this box from its page: scripts/run invite --role owner{invite_options}")
    lines.append("Press Ctrl-C to stop.")
    return "\n".join(lines)


def pin_banner(pin: str, url: str) -> str:
    """The PIN and a QR code that opens the page with it."""
    target = f"{url}/#pin={pin}"
    return f"\nPIN {pin[:3]} {pin[3:]}  (good for one device)\n{target}\n{qr_code(target)}"


def qr_code(text: str) -> str:
    """A QR code drawn with block characters."""
    code = qrcode.QRCode(border=2, error_correction=qrcode.constants.ERROR_CORRECT_L)
    code.add_data(text)
    drawing = io.StringIO()
    code.print_ascii(out=drawing, invert=True)
    return drawing.getvalue()
