"""What the lake holds, by run."""

from etl.lake import bronze, inventory
from etl.lake.inventory import State
from etl.lake.layout import LAYERS
from etl.lake.store import Lake, StoredFile
from tests.unit.lake.days import SOURCE, days, extracted, gold, id_of, transformed


class Listed(Lake):
    """A lake that remembers what it was asked to list."""

    def list_files(self, path: str) -> list[StoredFile]:
        self.__dict__.setdefault("listings", []).append(path)
        return super().list_files(path)


def test_runs_are_listed_newest_first_with_how_far_they_are_and_how_large(any_lake: Lake) -> None:
    done, waiting, half, left = id_of(4), id_of(3), id_of(2), id_of(1)
    transformed(any_lake, done, days(0, 2))
    gold(any_lake, done)
    extracted(any_lake, waiting, days(2, 3))
    extracted(any_lake, half, None)
    folder = f"bronze/days/{any_lake.list('bronze')[-1].split('/')[2]}/{half}"
    any_lake.write(f"{folder}/progress.json", any_lake.read(f"{folder}/manifest.json"))
    any_lake.delete(f"{folder}/manifest.json")
    gold(any_lake, left)
    any_lake.write("silver/of_nobody/p_creation_date=2024-01-01/x/part-00001.parquet", b"of no source")

    runs = inventory.list_extractions(any_lake, [SOURCE])
    told = [
        (run.extraction_id, run.state, run.interval, run.pages, run.records, run.rows, len(run.files)) for run in runs
    ]
    assert told == [
        (left, State.REMAINS, None, 0, 0, 0, 1),
        (half, State.EXTRACTING, None, 1, 3, 0, 2),
        (waiting, State.EXTRACTED, days(2, 3), 1, 3, 0, 2),
        (done, State.TRANSFORMED, days(0, 2), 1, 3, 3, 6),
    ]
    assert [run.is_known for run in runs] == [False, True, True, True]
    assert runs[-1].bytes("gold") == 4
    assert runs[-1].bytes() == sum(len(any_lake.read(path)) for path in any_lake.list("") if done in path)


def test_sizes_come_with_one_listing_of_each_name_in_a_layer(tmp_path: object) -> None:
    lake = Listed(str(tmp_path))
    for n in range(3):
        transformed(lake, id_of(n), days(n, n + 1))
    lake.__dict__["listings"] = []
    assert len(inventory.list_extractions(lake, [SOURCE])) == 3
    names = [name for layer in LAYERS for name in lake.folders(layer)]
    assert sorted(lake.__dict__["listings"]) == sorted(names)


def test_a_manifest_that_cannot_be_read_hides_no_run(lake: Lake) -> None:
    extraction_id = extracted(lake, id_of(1), days(0, 1))
    lake.write(f"{bronze.read_manifest(lake, 'days', extraction_id).folder}/manifest.json", b"{")
    [run] = inventory.list_extractions(lake, [SOURCE])
    assert (run.extraction_id, run.state, run.is_known) == (extraction_id, State.EXTRACTED, False)
