"""The benchmark works: few rows, no peers, no figures asserted."""

from pathlib import Path

import pytest

from tests.bench import loading, memory, page, peers, warehouse


def test_the_benchmark_loads_in_every_way_and_writes_its_page(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "missing", lambda: ["dlt"])
    warehouse.reset(database)
    ways = loading.measure(database, tmp_path, 2_000, 1, lambda _text: None)
    peaks = [memory.measure(database, tmp_path / "lake", 2_000)]
    measured = page.Measured(2_000, 1, "18", ways, peaks, [], ["dlt"], is_users=True)
    text = page.render(measured)
    assert "published, against raw COPY" in text
    assert "Not installed, so not measured: dlt." in text
    assert "2,000 rows from Arrow to published" in page.summary(measured)
