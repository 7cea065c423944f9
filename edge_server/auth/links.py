"""Where invitations lead, as links and QR codes."""

from __future__ import annotations

import io

import qrcode
from qrcode.image.svg import SvgPathImage

from edge_server.appliance.addresses import is_loopback, lan_addresses
from edge_server.config import Settings


def page_url(settings: Settings, http_port: int | None, https_port: int | None) -> str:
    """The address under which other devices open the page, or this machine where no other can."""
    if settings.https and https_port is not None and not is_loopback(settings.https_host):
        for address in lan_addresses():
            return f"https://{address}:{https_port}"
    return f"http://localhost:{http_port}"


def invitation_url(page_url: str, code: str) -> str:
    """The link of an invitation. What is behind the # never leaves the browser by itself."""
    return f"{page_url.rstrip('/')}/#invite={code}"


def qr_svg(text: str) -> str:
    """A QR code as an SVG document."""
    drawing = io.BytesIO()
    qrcode.make(text, image_factory=SvgPathImage, error_correction=qrcode.constants.ERROR_CORRECT_M, border=2).save(
        drawing
    )
    return drawing.getvalue().decode()
