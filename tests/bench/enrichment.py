"""Measures the service for pictures and the mosaic, and writes docs/benchmarks-enrichment.md.

`python -m tests.bench.enrichment`; with ENRICHMENT_MODEL, the folder of a model, what it costs is measured, too.
"""

from __future__ import annotations

import argparse
import io
import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import requests
from PIL import Image

from enrichment.mosaic import scenes
from enrichment.mosaic.atlas import Atlas, build
from enrichment.mosaic.compose import Mosaic
from enrichment.mosaic.folder import INDEX
from enrichment.mosaic.generated import Generated, draw
from enrichment.mosaic.match import Match, grid_for, match
from enrichment.mosaic.studio import KEPT_SIDE, Wanted
from tests.bench import enrichment_page
from tests.bench.scale import ROOT
from tests.enrichment import serving
from tests.enrichment.mosaic.pictures import naive, seen, share_repeated, unlike
from tests.enrichment.pictures import mixed

PAGE = ROOT / "docs" / "benchmarks-enrichment.md"
T = TypeVar("T")
TICKS = os.sysconf("SC_CLK_TCK")
SENDERS, CROWD = 8, 50
MODEL = os.environ.get("ENRICHMENT_MODEL")
MARKS = (100, 500, 1_000)


@dataclass(frozen=True)
class Amount:
    """How much is measured: pictures of each kind, times that they are sent, and pictures of a pool in a folder."""

    pictures: int = 32
    rounds: int = 5
    mixed: int = MARKS[-1]
    in_folder: int = 1_000
    drawn: int = 480
    sizes: tuple[int, ...] = (40, 80)


@dataclass
class Server:
    """A process that describes pictures: its name on the page, and how it is asked."""

    name: str
    pid: int
    url: str
    headers: dict[str, str]
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.trust_env = False
        self.session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=CROWD))

    def send(self, data: bytes) -> int:
        """Returns the status."""
        headers = {"Content-Type": "application/octet-stream"} | self.headers
        return self.session.post(self.url, data, headers=headers, timeout=300).status_code

    def cpu_s(self) -> float:
        """What it has used of all cores."""
        after_name = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(after_name[11]) + int(after_name[12])) / TICKS


@dataclass
class Sent:
    """What sending pictures of a kind to a server was like: one after the other, and from several senders at once."""

    server: str
    latencies_s: list[float] = field(default_factory=list)
    together_s: list[float] = field(default_factory=list)
    cpu_s: float = 0.0
    pictures: int = 0
    peak_mb: float = 0.0

    def percentile(self, share: float) -> float:
        return float(np.percentile(self.latencies_s, 100 * share))


@dataclass(frozen=True)
class Kind:
    """Pictures of a kind, and how each server fared with them."""

    name: str
    bytes_each: float
    sent: Sequence[Sent]


@dataclass(frozen=True)
class Crowd:
    """What became of many large pictures that are sent at the same moment."""

    server: str
    statuses: Counter[int]
    seconds: float
    peak_mb: float


@dataclass(frozen=True)
class Made:
    """A mosaic; `seconds` are those of a core."""

    way: str
    scene: str
    longer: int
    seconds: float
    delta_e: float
    share_used: float
    most_uses: int
    share_repeated: float


@dataclass(frozen=True)
class Built:
    """The squares of a pool, made in a process of its own."""

    pool: str
    pictures: int
    seconds: float
    peak_mb: float


@dataclass(frozen=True)
class Found:
    """All that was measured."""

    amount: Amount
    kinds: Sequence[Kind]
    again_s: float  # the median for a picture that is known
    crowds: Sequence[Crowd]
    growth: dict[int, float]  # MB held after so many pictures
    steps: dict[str, float]  # seconds of each step for a rendition
    atlases: Sequence[Built]
    mosaics: Sequence[Made]


def main(arguments: Sequence[str]) -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.enrichment", description=__doc__)
    parser.add_argument("--print", action="store_true", help="print it instead")
    text = enrichment_page.render(measure(Amount()))
    if parser.parse_args(arguments).print:
        print(text)
    else:
        PAGE.write_text(text, encoding="utf-8")


def measure(amount: Amount) -> Found:
    """One thing after the other; the servers are asked in turns."""
    files = kinds(amount.pictures)
    measured = [_kind(name, pictures, amount.rounds) for name, pictures in files.items()]
    crowds = [_crowd(start, files[enrichment_page.LARGE]) for start in (ours, public)]
    again_s, steps = _known_and_steps(files[enrichment_page.RENDITIONS])
    growth = _growth(amount.mixed)
    with tempfile.TemporaryDirectory(prefix="bench-enrichment-") as made:
        atlases = [
            _built("drawn", str(amount.drawn)),
            _built("folder", str(_pool(Path(made), amount.in_folder, files[enrichment_page.RENDITIONS]))),
        ]
    _say("mosaics")
    atlas = build(Generated(amount.drawn))
    mosaics = [
        way(scene, atlas, longer)
        for longer, scene in itertools.product(amount.sizes, scenes.ALL)
        for way in (_ours, _nearest)
    ]
    return Found(amount, measured, again_s, crowds, growth, steps, atlases, mosaics)


def kinds(number: int) -> dict[str, list[bytes]]:
    """Pictures of our own making: renditions as the pipeline has them sent, and originals as they are downloaded."""
    _say("drawing")
    renditions = [draw(each, 1024) for each in range(number)]
    large = [_enlarged(data) for data in renditions[: max(1, number // 8)]]
    return {
        enrichment_page.RENDITIONS: renditions,
        enrichment_page.LARGE: [_encoded(one, "JPEG", quality=90) for one in large],
        "PNG, 4,000 × 3,000": [_encoded(one, "PNG", compress_level=3) for one in large],
    }


def _enlarged(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).resize((4000, 3000), Image.Resampling.BICUBIC)


def _encoded(image: Image.Image, format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


@contextmanager
def ours() -> Iterator[Server]:
    """Our service with its defaults: without a model, as the other one has none."""
    with serving.running() as started:
        yield _server("ours", started)


@contextmanager
def with_model() -> Iterator[Server]:
    """The same, which also says what a picture shows."""
    with serving.running(model=MODEL) as started:
        yield _server("ours, with the model", started)


def _server(name: str, started: serving.Service) -> Server:
    return Server(name, started.process.pid, f"{started.url}/v1/images", {"X-API-Key": serving.KEY})


@contextmanager
def public() -> Iterator[Server]:
    """The public pipeline's way."""
    command = [sys.executable, "-m", "tests.bench.public_way"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = f"http://127.0.0.1:{process.stdout.readline().strip()}/image-metadata"
            yield Server("the public way", process.pid, url, {})
        finally:
            process.terminate()


def _kind(name: str, pictures: Sequence[bytes], rounds: int) -> Kind:
    """Each server in a process that has seen nothing else, so that its peak is of this kind."""
    _say(name)
    starts = (ours, public, with_model) if MODEL else (ours, public)
    with ExitStack() as stack:
        servers = [stack.enter_context(start()) for start in starts]
        sent = {server.name: Sent(server.name) for server in servers}
        for number in range(2 * rounds):
            for server in servers:
                _send(server, [_unlike(data, number) for data in pictures], sent[server.name], is_alone=number < rounds)
        for server in servers:
            sent[server.name].peak_mb = serving.held_mb(server.pid, "VmHWM")
    return Kind(name, sum(map(len, pictures)) / len(pictures), list(sent.values()))


def _send(server: Server, pictures: Sequence[bytes], sent: Sent, *, is_alone: bool) -> None:
    cpu_s = server.cpu_s()
    if is_alone:
        sent.latencies_s += [_timed(lambda data=data: server.send(data))[1] for data in pictures]  # type: ignore[misc]
    else:
        with ThreadPoolExecutor(SENDERS) as senders:
            statuses, seconds = _timed(lambda: list(senders.map(server.send, pictures)))
        if set(statuses) != {200}:
            raise AssertionError(f"{server.name} answered {set(statuses)}")
        sent.together_s.append(seconds / len(pictures))
    sent.cpu_s += server.cpu_s() - cpu_s
    sent.pictures += len(pictures)


def _crowd(start: Callable[[], Any], pictures: Sequence[bytes]) -> Crowd:
    _say(f"{CROWD} at once")
    with start() as server, ThreadPoolExecutor(CROWD) as senders:
        many = list(itertools.islice(itertools.cycle(pictures), CROWD))
        files = [_unlike(data, number) for number, data in enumerate(many)]
        statuses, seconds = _timed(lambda: list(senders.map(server.send, files)))
        return Crowd(server.name, Counter(statuses), seconds, serving.held_mb(server.pid, "VmHWM"))


def _known_and_steps(pictures: Sequence[bytes]) -> tuple[float, dict[str, float]]:
    with serving.running(**({"model": MODEL} if MODEL else {})) as service:
        server = _server("ours", service)
        first = [_timed(lambda data=data: server.send(data))[1] for data in pictures]  # type: ignore[misc]
        again = [_timed(lambda data=data: server.send(data))[1] for data in pictures]  # type: ignore[misc]
        name = "enrichment_step_duration_seconds_sum"
        lines = [line for line in service.get("/metrics").text.splitlines() if line.startswith(name)]
        sums = {line.split('"')[1]: float(line.rpartition(" ")[2]) for line in lines}
        steps = {step: seconds / (len(pictures) + 1) for step, seconds in sums.items()}  # and the self-test's picture
        steps["all else: HTTP, key, hash, cache"] = float(np.mean(first)) - sum(steps.values())
        return float(np.median(again)), steps


def _growth(number: int) -> dict[int, float]:
    _say(f"{number} mixed pictures")
    held = {}
    with ours() as server:
        for each, data in enumerate(mixed(number), 1):
            server.send(data)
            if each in MARKS:
                held[each] = serving.held_mb(server.pid, "VmRSS")
    return held


def _pool(folder: Path, number: int, pictures: Sequence[bytes]) -> Path:
    """A pool of so many files; some show the same."""
    entries = []
    for each in range(number):
        (folder / f"{each}.jpg").write_bytes(pictures[each % len(pictures)])
        entries.append(f'{{"file": "{each}.jpg", "title": "Picture {each}", "is_reusable": true}}')
    (folder / INDEX).write_text(f"[{', '.join(entries)}]", encoding="utf-8")
    return folder


def _built(kind: str, what: str) -> Built:
    _say(f"squares of a pool: {kind}")
    command = [sys.executable, "-m", "tests.bench.squares", kind, what]
    said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    return Built(kind, int(said[0]), float(said[1]), float(said[2]))


def _ours(scene: str, atlas: Atlas, longer: int) -> Made:
    wanted, picture = Wanted(), scenes.ALL[scene].draw(KEPT_SIDE)
    grid = grid_for(picture, longer=longer, radius=wanted.radius, pictures=len(atlas))
    begin = time.process_time()
    made = match(picture, atlas, grid)
    seconds = time.process_time() - begin
    mosaic = Mosaic(made, atlas, wanted.shift)
    return _made("ours", scene, longer, seconds, mosaic, picture)


def _nearest(scene: str, atlas: Atlas, longer: int) -> Made:
    """The public pipeline's: the nearest mean, all distances at once, pasted as it is."""
    picture = scenes.ALL[scene].draw(KEPT_SIDE)
    grid = grid_for(picture, longer=longer, radius=0, pictures=len(atlas))
    begin = time.process_time()
    numbers = naive(picture, atlas, grid.columns, grid.rows)
    seconds = time.process_time() - begin
    parts = match(picture, atlas, grid).parts
    pasted = Mosaic(Match(grid, numbers.astype(np.uint16), parts), atlas, 0.0)
    return _made("the public way", scene, longer, seconds, pasted, picture)


def _made(way: str, scene: str, longer: int, seconds: float, mosaic: Mosaic, picture: Image.Image) -> Made:
    numbers = mosaic.match.numbers
    uses = np.bincount(numbers.reshape(-1))
    return Made(
        way,
        scenes.ALL[scene].title,
        longer,
        seconds,
        unlike(seen(mosaic), picture, mosaic.columns, mosaic.rows),
        float(np.count_nonzero(uses)) / min(len(mosaic.atlas), numbers.size),
        int(uses.max()),
        share_repeated(numbers.astype(int), Wanted().radius),
    )


def _unlike(data: bytes, number: int) -> bytes:
    """The same picture in another file: decoders do not read what follows its end."""
    return data + number.to_bytes(4)


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    begin = time.perf_counter()
    result = work()
    return result, time.perf_counter() - begin


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
