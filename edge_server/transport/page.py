"""The files of the page, from the disk to the browser: small, and asked for again only when they may have changed."""

from __future__ import annotations

import gzip
from pathlib import Path

import gevent
from flask import Blueprint, Response, request, send_from_directory

from edge_server.errors import NotFoundError

_A_YEAR_S = 31_536_000
_TEXTS = frozenset({".html", ".js", ".mjs", ".css", ".json", ".svg", ".txt", ".webmanifest", ".map"})
_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".webmanifest": "application/manifest+json"}


def page_routes(web_dir: Path) -> Blueprint:
    """The routes of the page. Raises `NotFoundError` in answers where it is not built."""
    page = Blueprint("page", __name__)
    # A page has few texts, and each is compressed once for each time it is written.
    compressed: dict[Path, tuple[int, bytes]] = {}

    @page.get("/", defaults={"path": "index.html"})
    @page.get("/<path:path>")
    def file(path: str) -> Response:
        if not web_dir.is_dir():
            raise NotFoundError("The page is not built on this box; the API works without it.")
        suffix = Path(path).suffix
        response = send_from_directory(web_dir, path, mimetype=_TYPES.get(suffix))
        # Vite names the files in assets/ after their content, so they never change.
        if path.startswith("assets/"):
            response.headers["Cache-Control"] = f"public, max-age={_A_YEAR_S}, immutable"
        else:
            response.headers["Cache-Control"] = "no-cache"
        if Path(path).name == "sw.js":
            response.headers["Service-Worker-Allowed"] = "/"
        if suffix in _TEXTS:
            response.headers["Vary"] = "Accept-Encoding"
            if "ETag" in response.headers:
                # Weak: the same text may come compressed or not.
                response.set_etag(response.get_etag()[0] or "", weak=True)
            if (
                response.status_code == 200
                and request.accept_encodings.quality("gzip")
                and "Range" not in request.headers
            ):
                _compress(response, web_dir / path, compressed)
        return response

    return page


def _compress(response: Response, file: Path, compressed: dict[Path, tuple[int, bytes]]) -> None:
    written_ns = file.stat().st_mtime_ns
    known = compressed.get(file)
    if known is None or known[0] != written_ns:
        # Off the loop: a large script takes some ten milliseconds.
        body = gevent.get_hub().threadpool.apply(lambda: gzip.compress(file.read_bytes(), mtime=0))
        known = compressed[file] = (written_ns, body)
    response.direct_passthrough = False
    response.set_data(known[1])
    response.headers["Content-Encoding"] = "gzip"
