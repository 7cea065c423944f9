"""The committed page is what the source builds, byte for byte."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.browser.box import REPOSITORY

WEB = REPOSITORY / "web"


def test_the_committed_page_is_what_the_source_builds(tmp_path: Path) -> None:
    node = _find_node()
    options = ["--outDir", str(tmp_path), "--emptyOutDir", "--logLevel", "error"]
    command = [node, "node_modules/vite/bin/vite.js", "build", *options]
    subprocess.run(command, cwd=WEB, check=True)
    assert _contents(tmp_path) == _contents(WEB / "dist")


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


def _contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }
