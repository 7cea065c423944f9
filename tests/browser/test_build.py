"""The committed page is what the source builds, byte for byte."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.browser.box import REPOSITORY

WEB = REPOSITORY / "web"
MOST_FIRST_BYTES = 150_000


def test_the_committed_page_is_what_the_source_builds(tmp_path: Path) -> None:
    vite = [_find_node(), "node_modules/vite/bin/vite.js", "build", "--logLevel", "error"]
    subprocess.run([*vite, "--outDir", str(tmp_path), "--emptyOutDir"], cwd=WEB, check=True)
    library = ["--config", "vite.library.config.ts", "--outDir", str(tmp_path / "library")]
    subprocess.run([*vite, *library], cwd=WEB, check=True)
    assert _contents(tmp_path) == _contents(WEB / "dist")


def test_the_page_loads_less_than_150_kb_of_compressed_javascript() -> None:
    assert _compressed_bytes(["index-*.js", "en-*.js", "*.worklet-*.js"]) < MOST_FIRST_BYTES
    # And no section needs more than the first one and itself.
    for section in ("Recordings", "Files", "Rooms", "Box"):
        shared = ["index-*.js", "en-*.js", "use-*.js", "save-*.js", "format-*.js", "Invitation*.js"]
        own = [f"{section}Page-*.js", *(["ComparePlayer-*.js"] if section in ("Recordings", "Files") else [])]
        assert _compressed_bytes([*shared, *own]) < MOST_FIRST_BYTES


def test_the_lock_file_names_no_registry() -> None:
    assert "resolved" not in (WEB / "package-lock.json").read_text(encoding="utf-8")


def test_the_page_has_nothing_inline_and_nothing_from_elsewhere() -> None:
    page = (WEB / "dist" / "index.html").read_text(encoding="utf-8")
    assert "<style" not in page
    assert "style=" not in page
    assert "://" not in page
    assert all(" src=" in tag for tag in page.split("<script")[1:])


def _find_node() -> str:
    """The virtual environment's Node, or the system's."""
    folders = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    node = shutil.which("node", path=folders)
    assert node is not None, "Node is needed to build the page."
    return node


def _compressed_bytes(patterns: list[str]) -> int:
    files = {file for pattern in patterns for file in (WEB / "dist" / "assets").glob(pattern)}
    assert len(files) >= 2
    return sum(len(gzip.compress(file.read_bytes(), 9)) for file in files)


def _contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }
