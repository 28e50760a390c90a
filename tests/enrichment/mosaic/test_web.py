"""The page's answers over real HTTP, by a process that can write to no file: what it keeps, it keeps in memory."""

import io
import os
import re
import socket
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path

import pytest
from PIL import Image

from enrichment.mosaic.__main__ import main
from enrichment.mosaic.routes import MAX_BYTES
from tests.enrichment.mosaic.pictures import encoded, folder, noise
from tests.enrichment.mosaic.serving import ROOT, Served, serving
from tests.waiting import eventually

PAGE = ROOT / "enrichment/mosaic/page"
OPENSEADRAGON = "14d587cd3ee7c4861f1a41077ce642029364a21029956ba635bd8fb1202cf9ad"  # 6.1.1, as npm has it


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("served") / "empty"


@pytest.fixture(scope="module")
def served(place: Path) -> Iterator[Served]:
    with serving(place, "--pool", str(folder(place.with_name("pool")))) as served:
        yield served
        assert served.interrupt() == 0
    assert list(place.iterdir()) == []


@pytest.fixture(scope="module")
def sent(served: Served) -> str:
    """The path of a mosaic of a picture that somebody has sent."""
    answer = served.send(encoded(noise(4, 900, 600), "JPEG"), "image/jpeg")
    assert answer.status_code == 201
    assert answer.json()["seconds_kept"] == 600
    return f"/v1/mosaics/{answer.json()['id']}"


def test_a_picture_becomes_a_mosaic_that_one_can_zoom_into(served: Served, sent: str) -> None:
    facts = served.get(f"{sent}?longer=24").json()
    assert (facts["columns"], facts["rows"], facts["radius"], facts["pictures"]) == (24, 16, 3, 60)
    assert facts["pictures_used"] >= 48
    for side, size in ((1, (24, 16)), (16, (384, 256)), (64, (512, 512)), (512, (512, 512))):
        tile = served.get(f"{sent}/tiles/{side}/0_0.jpg?longer=24")
        with Image.open(io.BytesIO(tile.content)) as picture:
            assert picture.size == size
    assert served.get(f"{sent}/tiles/64/9_9.jpg?longer=24").status_code == 404


def test_a_cell_says_what_is_in_it(served: Served, sent: str) -> None:
    cell = served.get(f"{sent}/cells/2/3?longer=24").json()
    number = re.fullmatch(r"Object (\d+)", cell["title"])[1]
    assert cell["date"] == "2024-05-17"
    assert cell["credit"] == f"NASA/Observer {number}"
    assert cell["link"] == f"https://example.org/{number}"
    assert cell["uses"] >= 1
    with Image.open(io.BytesIO(served.get(f"{sent}/cells/2/3/picture.jpg?longer=24").content)) as picture:
        assert picture.size == (300, 200)
    assert served.get(f"{sent}/cells/16/0?longer=24").status_code == 404


@pytest.mark.parametrize(("kind", "media_type"), [("png", "image/png"), ("jpg", "image/jpeg")])
def test_a_mosaic_can_be_kept_as_a_picture(served: Served, sent: str, kind: str, media_type: str) -> None:
    answer = served.get(f"{sent}/mosaic.{kind}?longer=24")
    assert answer.headers["Content-Type"] == media_type
    assert answer.headers["Content-Disposition"].startswith("attachment")
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert picture.size == (24 * 64, 16 * 64)


def test_a_mosaic_can_be_kept_as_a_folder_with_credits(served: Served, sent: str) -> None:
    archive = zipfile.ZipFile(io.BytesIO(served.get(f"{sent}/mosaic.zip?longer=24").content))
    listed = archive.read("mosaic/credits.txt").decode()
    assert served.get(f"{sent}/mosaic.txt?longer=24").text == listed
    assert re.search(r"^Object \d+ · 2024-05-17 · NASA/Observer \d+ · https://example\.org/\d+$", listed, re.M)


@pytest.mark.parametrize(
    "path",
    ["/mosaic/", "/mosaic/main.js", "/mosaic/nothing", "/v1/mosaics", "/v1/mosaics/galaxy/picture.jpg",
     "/v1/mosaics/nobody", "/v1/mosaics/galaxy?longer=7", "/v1/mosaics/galaxy/mosaic.txt?longer=8"],
)  # fmt: skip
def test_every_answer_keeps_the_page_to_itself_and_off_disks(served: Served, path: str) -> None:
    headers = served.get(path).headers
    assert headers["Content-Security-Policy"].startswith("default-src 'self';")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"


def bomb() -> bytes:
    """A PNG of 60,000 times 60,000 pixels, in a few bytes."""
    header = (60_000).to_bytes(4) * 2 + bytes([8, 0, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)
        for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b""))
    )


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        (b"hello", "text/plain", 415),
        (b"hello", "image/png", 415),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml", 415),
        (b"", "image/png", 415),
        (encoded(noise(1, 200, 200))[:3000], "image/png", 422),
        (bomb(), "image/png", 413),
        (bytes(MAX_BYTES + 1), "image/png", 413),
    ],
    ids=["text", "no picture", "drawing", "nothing", "broken", "bomb", "too large"],
)
def test_what_is_no_picture_is_refused_with_the_reason_and_what_to_do(
    served: Served, data: bytes, kind: str, status: int
) -> None:
    answer = served.send(data, kind)
    assert answer.status_code == status
    problem = answer.json()
    assert problem["status"] == status
    assert problem["detail"].endswith(".")
    assert problem["hint"].endswith(".")


def test_who_sends_when_too_many_do_is_told_to_come_back(served: Served) -> None:
    host, port = served.address.removeprefix("http://").split(":")
    head = f"Host: 127.0.0.1\r\nContent-Type: image/png\r\nContent-Length: {MAX_BYTES}\r\n"
    begun = f"POST /v1/mosaics HTTP/1.1\r\n{head}\r\nx"
    with ExitStack() as slow:

        def one_more_is_refused() -> bool:
            """A slow sender is refused itself if it comes while the quick one has a place: then another one comes."""
            sender = slow.enter_context(socket.create_connection((host, int(port))))
            sender.sendall(begun.encode())
            return served.send(encoded(noise(4, 20, 20))).status_code == 429

        eventually(one_more_is_refused)
        answer = served.send(encoded(noise(4, 20, 20)))
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3")
    eventually(lambda: served.send(encoded(noise(4, 20, 20))).status_code == 201)


def test_a_picture_is_forgotten_when_asked(served: Served) -> None:
    path = f"{served.address}/v1/mosaics/{served.send(encoded(noise(4, 20, 20))).json()['id']}"
    assert served.session.delete(path, timeout=60).status_code == 204
    answer = served.session.get(path, timeout=60)
    assert answer.status_code == 404
    assert "Send it again" in answer.json()["hint"]


def test_names_of_other_sites_that_lead_here_are_not_answered(served: Served) -> None:
    assert served.get("/v1/mosaics", headers={"Host": "evil.example"}).status_code == 400


def test_openapi_lists_the_routes(served: Served) -> None:
    paths = served.get("/openapi.json").json()["paths"]
    assert {"/v1/mosaics", "/v1/mosaics/{name}/tiles/{side}/{x}_{y}.jpg"} <= set(paths)


@pytest.mark.thorough
def test_interrupted_it_ends_quietly_and_has_written_nothing(tmp_path: Path) -> None:
    pool = folder(tmp_path / "pool", 12)
    with serving(tmp_path / "empty", "--pool", str(pool)) as served:
        name = served.send(encoded(noise(4, 900, 600), "JPEG"), "image/jpeg").json()["id"]
        for what in ("", "/tiles/64/0_0.jpg", "/tiles/256/0_0.jpg", "/mosaic.png", "/mosaic.jpg", "/mosaic.zip"):
            assert served.get(f"/v1/mosaics/{name}{what}?longer=16").status_code == 200
        assert served.interrupt() == 0
    assert served.printed.endswith("Stopped; nothing was kept.\n")
    assert "Traceback" not in served.printed
    assert list((tmp_path / "empty").iterdir()) == []


def told(printed: str) -> tuple[str, str]:
    error, hint = printed.splitlines()
    return error.removeprefix("error: "), hint.removeprefix("hint: ")


def test_a_port_that_is_taken_is_told_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["--port", str(taken.getsockname()[1])]) == os.EX_CONFIG
    error, hint = told(capsys.readouterr().err)
    assert re.fullmatch(r"Port \d+ of 127\.0\.0\.1 cannot be used: Address already in use\.", error)
    assert "PORT=0" in hint


def test_a_pool_without_pictures_is_told_with_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "index.json").write_text("[]")
    assert main(["--port", "0", "--pool", str(tmp_path)]) == os.EX_CONFIG
    error, hint = told(capsys.readouterr().err)
    assert error.startswith("None of the 0 pictures")
    assert "is_reusable" in hint


def test_the_viewer_is_the_published_one() -> None:
    assert sha256((PAGE / "openseadragon.min.js").read_bytes()).hexdigest() == OPENSEADRAGON
    assert "6.1.1" in (PAGE / "NOTICE.md").read_text(encoding="utf-8")


@pytest.mark.thorough
def test_schemathesis_finds_no_answer_that_is_not_documented(served: Served) -> None:
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{served.address}/openapi.json"]
    done = subprocess.run(
        [*command, "--phases", "examples,fuzzing", "--max-examples", "20"],
        cwd=ROOT,
        env=os.environ | {"SCHEMATHESIS_HOOKS": "tests.enrichment.schemathesis_hooks", "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout
