"""How the files of the page are served: types, caching, compression, and the headers that isolate it."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.jobs.rest import Rest
from tests.running_box import running_box

SCRIPT = "export const noise = 0\n" * 2000


@pytest.fixture(scope="module")
def page(tiny_model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Rest, Path]]:
    web = tmp_path_factory.mktemp("dist")
    (web / "assets").mkdir()
    (web / "index.html").write_text("<!doctype html><title>Hushbox</title>")
    (web / "sw.js").write_text("self.addEventListener('fetch', () => undefined)")
    (web / "manifest.webmanifest").write_text("{}")
    (web / "assets" / "main-1a2b.js").write_text(SCRIPT)
    (web / "assets" / "icon.png").write_bytes(b"\x89PNG" + bytes(5000))
    with running_box(tiny_model_path, tmp_path_factory.mktemp("box"), web_dir=web) as box:
        yield Rest(box), web


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html"),
        ("/sw.js", "text/javascript"),
        ("/manifest.webmanifest", "application/manifest+json"),
        ("/assets/main-1a2b.js", "text/javascript"),
        ("/assets/icon.png", "image/png"),
        ("/api/v1/info", "application/json"),
    ],
)
def test_everything_has_its_type_and_isolates_the_page(page: tuple[Rest, Path], path: str, kind: str) -> None:
    headers = page[0].get(path).headers
    assert headers["Content-Type"].split(";")[0] == kind
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def test_only_the_service_worker_may_rule_the_whole_page(page: tuple[Rest, Path]) -> None:
    assert page[0].get("/sw.js").headers["Service-Worker-Allowed"] == "/"
    assert page[0].get("/assets/main-1a2b.js").headers["Service-Worker-Allowed"] is None


def test_what_is_named_after_its_content_is_kept_and_the_rest_asked_for_again(page: tuple[Rest, Path]) -> None:
    assert "immutable" in page[0].get("/assets/main-1a2b.js").headers["Cache-Control"]
    for path in ("/", "/sw.js", "/manifest.webmanifest"):
        answer = page[0].get(path)
        assert answer.headers["Cache-Control"] == "no-cache"
        again = page[0].get(path, If_None_Match=answer.headers["ETag"], Accept_Encoding="gzip")
        assert (again.status, again.body) == (304, b"")


def test_texts_come_compressed_to_who_takes_them_so(page: tuple[Rest, Path]) -> None:
    plain = page[0].get("/assets/main-1a2b.js")
    small = page[0].get("/assets/main-1a2b.js", Accept_Encoding="gzip, br")
    assert plain.headers["Content-Encoding"] is None
    assert plain.body.decode() == SCRIPT
    assert small.headers["Content-Encoding"] == "gzip"
    assert small.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(small.body).decode() == SCRIPT
    assert len(small.body) < len(plain.body) / 10
    assert page[0].get("/assets/icon.png", Accept_Encoding="gzip").headers["Content-Encoding"] is None


def test_a_page_that_is_written_anew_is_served_anew(page: tuple[Rest, Path]) -> None:
    rest, web = page
    before = rest.get("/", Accept_Encoding="gzip")
    (web / "index.html").write_text("<!doctype html><title>Hushbox, once more</title>")
    after = rest.get("/", Accept_Encoding="gzip", If_None_Match=before.headers["ETag"])
    assert b"once more" in gzip.decompress(after.body)
