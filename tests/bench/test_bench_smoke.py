"""The benchmark works: few rows, no peers, no figures asserted."""

from pathlib import Path

import pytest

from tests.bench import (
    archives,
    archives_page,
    enrichment,
    enrichment_page,
    loading,
    memory,
    page,
    peers,
    scale,
    scale_page,
    warehouse,
)

pytestmark = pytest.mark.thorough


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


def test_the_benchmark_at_scale_takes_every_step_and_writes_its_page(tmp_path: Path) -> None:
    measured = scale.measure([scale.Size(side=2, days=3, at_once=2)], tmp_path, spark_up_to=0)
    text = scale_page.render(measured)
    assert "| 12 rows | transform (silver), local |" in text
    assert "with 2 requests instead of 12." in text
    assert set(measured[0].steps) == {"extract", "transform, local", "publish, local", "run", "one by one"}
    assert not list(tmp_path.iterdir())


def test_the_benchmark_of_archives_kills_and_resumes_and_writes_its_page() -> None:
    [found] = archives.measure([archives.Archive("neo", "2020-01-01", "2021-01-01", "1month")])
    assert found.intervals == 12
    assert found.killed is not None
    assert found.killed.asked_again <= 1  # which was being written
    assert "near-Earth objects, 2020-01-01 to 2021-01-01 | 12 |" in archives_page.render([found])


def test_the_benchmark_of_pictures_asks_both_servers_and_writes_its_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enrichment, "MARKS", (5, 20))
    amount = enrichment.Amount(pictures=2, rounds=1, mixed=20, in_folder=3, drawn=32, sizes=(10,))
    text = enrichment_page.render(enrichment.measure(amount))
    assert "| ours |" in text
    assert "| the public way | 50 × 200 |" in text
    assert "| 10 × 10 | Galaxy | ours |" in text
