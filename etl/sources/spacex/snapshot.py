"""The facts the SpaceX simulator serves, and how they are made from the API's own responses.

    python -m etl.sources.spacex.snapshot --from-url https://api.spacexdata.com
    python -m etl.sources.spacex.snapshot --from-dir DIR      # DIR/launches_v5.json, DIR/rockets.json, …

Kept are facts: ids, names, dates, outcomes, core use, numbers. Prose and links go; their keys stay, empty, so that a
record has the shape the API gives it. The same responses always make the same bytes.
"""

import argparse
import gzip
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import requests

Record = dict[str, Any]
Snapshot = dict[str, list[Record]]

PATH = Path(__file__).with_name("spacex.json.gz")
SERIALS = Path(__file__).with_name("serials.json")
RESOURCES = {
    "launches": "v5",
    "cores": "v4",
    "rockets": "v4",
    "launchpads": "v4",
    "landpads": "v4",
    "payloads": "v4",
}
PROSE_AND_LINKS = frozenset(
    {"description", "details", "flickr_images", "images", "last_update", "links", "manifest", "reason", "wikipedia"}
)
FIRST_BLOCK_5 = 1046


def load(path: Path = PATH) -> Snapshot:
    """Return the records of each resource, in the API's order."""
    snapshot: Snapshot = json.loads(gzip.decompress(path.read_bytes()))
    return snapshot


def known_serials() -> dict[str, list[str]]:
    """By launch, the serials of the cores that first flew on it, in slot order; only those known for certain."""
    serials: dict[str, list[str]] = json.loads(SERIALS.read_bytes())
    return serials


def save(snapshot: Mapping[str, Sequence[Record]], path: Path = PATH) -> None:
    """Write the snapshot so that equal facts make equal bytes."""
    text = json.dumps(snapshot, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    path.write_bytes(gzip.compress(text.encode(), mtime=0))


def reduce(responses: Mapping[str, Sequence[Record]]) -> Snapshot:
    """Return the facts of the responses, with cores derived from the launches where the responses have none."""
    snapshot = {resource: [_facts(record) for record in records] for resource, records in responses.items()}
    snapshot.setdefault("cores", derive_cores(snapshot["launches"]))
    return snapshot


def derive_cores(launches: Sequence[Record]) -> list[Record]:
    """Return a `/v4/cores` record for each core the launches name, in the order of first use.

    `launches` names every launch a core is assigned to; the counts are of past launches only. What the launches do
    not say is null, and `status` is unknown.
    """
    used: dict[str, list[tuple[Record, Record]]] = {}
    for launch in sorted(launches, key=lambda launch: str(launch["date_utc"])):
        for slot in launch["cores"]:
            if slot["core"] is not None:
                used.setdefault(slot["core"], []).append((launch, slot))
    serials = _serials(used)
    return [_core(core_id, uses, serials.get(core_id)) for core_id, uses in used.items()]


def _core(core_id: str, uses: Sequence[tuple[Record, Record]], serial: str | None) -> Record:
    past = [slot for launch, slot in uses if not launch["upcoming"]]
    return {
        "block": 5 if serial is not None and int(serial[1:]) >= FIRST_BLOCK_5 else None,
        "reuse_count": max(len(past) - 1, 0),
        "rtls_attempts": _landings(past, "RTLS", "landing_attempt"),
        "rtls_landings": _landings(past, "RTLS", "landing_success"),
        "asds_attempts": _landings(past, "ASDS", "landing_attempt"),
        "asds_landings": _landings(past, "ASDS", "landing_success"),
        "last_update": None,
        "launches": [launch["id"] for launch, _ in uses],
        "serial": serial,
        "status": "unknown",
        "id": core_id,
    }


def _landings(slots: Iterable[Record], landing_type: str, flag: str) -> int:
    return sum(slot["landing_type"] == landing_type and slot[flag] is True for slot in slots)


def _serials(used: Mapping[str, Sequence[tuple[Record, Record]]]) -> dict[str, str]:
    first_flown: dict[str, list[str]] = {}
    for core_id, uses in used.items():
        launch, slot = uses[0]
        if slot["flight"] == 1:
            first_flown.setdefault(launch["name"], []).append(core_id)
    return {
        core_id: serial
        for name, serials in known_serials().items()
        for core_id, serial in zip(first_flown.get(name, ()), serials, strict=False)
    }


def _facts(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _emptied(item) if key in PROSE_AND_LINKS else _facts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_facts(item) for item in value]
    return value


def _emptied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _emptied(item) for key, item in value.items()}
    return [] if isinstance(value, list) else None


def _from_dir(directory: Path) -> Snapshot:
    files = {resource: directory / f"{resource}.json" for resource in RESOURCES}
    files["launches"] = directory / "launches_v5.json"
    if not files["cores"].exists():
        del files["cores"]
    return {resource: json.loads(file.read_bytes()) for resource, file in files.items()}


def _from_url(url: str) -> Snapshot:
    return {resource: _get(f"{url.rstrip('/')}/{version}/{resource}") for resource, version in RESOURCES.items()}


def _get(url: str) -> list[Record]:
    response = requests.get(url, timeout=60)
    response.raise_for_status()
    records: list[Record] = response.json()
    return records


def main(arguments: Sequence[str] | None = None, say: Callable[[str], None] = print) -> None:
    """Rebuild the bundled snapshot and print its size."""
    parser = argparse.ArgumentParser(
        prog="python -m etl.sources.spacex.snapshot", description="Make the SpaceX snapshot."
    )
    origin = parser.add_mutually_exclusive_group(required=True)
    origin.add_argument("--from-dir", type=Path, metavar="DIR", help="a folder with stored responses")
    origin.add_argument("--from-url", metavar="URL", help="the API, such as https://api.spacexdata.com")
    parser.add_argument("--to", type=Path, default=PATH, metavar="FILE", help="default: the bundled file")
    chosen = parser.parse_args(arguments)
    snapshot = reduce(_from_dir(chosen.from_dir) if chosen.from_dir else _from_url(chosen.from_url))
    save(snapshot, chosen.to)
    counts = ", ".join(f"{len(records)} {resource}" for resource, records in snapshot.items())
    say(f"{chosen.to}: {counts}; {chosen.to.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
