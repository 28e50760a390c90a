"""The notebooks, executed on warehouses that commands filled from simulators: they show what `etl ask` says."""

import base64
import html
import json
import re
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from etl import sources
from etl.cli.ask import warehouse_answers
from etl.postgres.connection import Warehouse
from etl.runtime import simulator
from etl.simulate import server
from notebooks import stored
from tests.cli import typed
from tests.cli.conftest import AtHome
from tests.conftest import ROOT

FILES = {file.stem: file for file in sorted((ROOT / "notebooks").glob("*.ipynb"))}
SMALL = {"ETL_SENSORS__ROWS": "4", "ETL_SENSORS__COLUMNS": "4", "ETL_SENSORS__DAYS": "60", "ETL_NEO__DAYS": "60"}
# By notebook: its source, and of one of its charts the place, an axis and what must be on it.
CHARTS = {
    "spacex": ("spacex", 0, "y", "select reuse_number as n from gold.core_reuses"),
    "weather": ("sensors", 1, "y", "select temperature_avg as n from gold.sensor_region_months"),
    "threats": ("neo", 0, "y", "select miss_distance_ld as n from gold.neo_threats where diameter_nominal_km > 0"),
    "rovers": ("mars", 0, "y", "select photos as n from gold.mars_activity"),
}
QUICK = pytest.param("spacex")
OTHERS = [pytest.param(name, marks=pytest.mark.thorough) for name in CHARTS if name != "spacex"]
PLOTLY = "application/vnd.plotly.v1+json"
Run = Callable[..., None]


@pytest.fixture
def run(at_home: AtHome) -> Run:
    """`run("neo")`: publishes that source, from its simulator."""

    def call(*names: str) -> None:
        for name in names:
            with server.serve(simulator(name).make_app()) as api:
                done = at_home("run", name, **{f"ETL_{name.upper()}__BASE_URL": api.url}, **SMALL)
            assert done.returncode == 0, done.stderr

    return call


@pytest.fixture
def execute(embedded_server: tuple[Path, str]) -> Callable[..., list[list[Any]]]:
    """Executes a notebook, and then more cells, as JupyterLab does; returns each code cell's outputs."""

    def call(name: str, *more: str) -> list[list[Any]]:
        notebook = nbformat.read(FILES[name], 4)
        notebook.cells += [nbformat.v4.new_code_cell(text, metadata={"tags": ["raises-exception"]}) for text in more]
        client = NotebookClient(notebook, timeout=None, startup_timeout=600, resources={"metadata": {"path": ROOT}})
        client.execute(env=typed.known({"ETL_WAREHOUSE__EMBEDDED": str(embedded_server[0])}))
        return [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]

    return call


def _charts(cells: list[list[Any]]) -> list[Any]:
    return [output.data[PLOTLY] for output in chain(*cells) if PLOTLY in output.get("data", {})]


def _axis(chart: Any, axis: str) -> list[float]:
    return sorted(chain.from_iterable(_numbers(trace[axis]) for trace in chart["data"]))


def _numbers(values: Any) -> list[float]:
    """As Plotly writes them: a list, or the bytes of an array."""
    return np.frombuffer(base64.b64decode(values["bdata"]), values["dtype"]).tolist() if "bdata" in values else values


def _table(output: Any) -> list[list[str]]:
    rows = re.findall(r"<tr>(.*?)</tr>", output.data["text/html"], re.DOTALL)
    return [[html.unescape(cell) for cell in re.findall(r"<td>(.*?)</td>", row, re.DOTALL)] for row in rows]


def _is_shown(cell: str, value: Any) -> bool:
    if value is None:
        return cell in ("None", "NaN", "NaT")
    try:
        return float(cell) == pytest.approx(float(value), rel=1e-5)
    except (TypeError, ValueError):
        return cell == str(value) or (cell.endswith("...") and str(value).startswith(cell.removesuffix("...")))


def _assert_shown(output: Any, rows: list[dict[str, Any]]) -> None:
    table = _table(output)
    assert len(table) == len(rows)
    for cells, row in zip(table, rows, strict=True):
        assert all(map(_is_shown, cells, row.values())), (cells, row)


@pytest.mark.parametrize("name", [QUICK, *OTHERS])
def test_a_notebook_shows_what_is_published(
    name: str, run: Run, execute: Callable[..., list[list[Any]]], embedded_server: tuple[Path, str]
) -> None:
    source, place, axis, expected = CHARTS[name]
    run(source)
    never_run = 'query("select * from silver.apod_pictures")'
    forbidden = f'query("delete from silver.{sources.load(source).datasets[0].name}")'
    *cells, refused, written = execute(name, never_run, forbidden)
    with Warehouse(embedded_server[1]) as warehouse:
        numbers = sorted(row["n"] for row in warehouse.execute(expected))
        asked = {answer.name: answer.rows for answer in warehouse_answers(warehouse, source)}
    assert len(numbers) >= 8  # four regions, in two months at least
    assert _axis(_charts(cells)[place], axis) == pytest.approx(numbers)
    first = re.search(r'^answer\("(\w+)"\)', nbformat.read(FILES[name], 4).cells[1].source, re.MULTILINE)
    assert first
    _assert_shown(cells[0][0], asked[first[1]])
    assert refused[0].traceback == ["Nothing of apod has been published: run `.venv/bin/etl run apod`."]
    assert "read-only" in json.dumps(written)


@pytest.mark.thorough
def test_the_answers_are_those_of_the_command_line(
    run: Run, execute: Callable[..., list[list[Any]]], embedded_server: tuple[Path, str]
) -> None:
    run("spacex", "neo")
    ((*outputs,),) = execute("answers")
    with Warehouse(embedded_server[1]) as warehouse:
        asked = [answer for source in ("spacex", "neo") for answer in warehouse_answers(warehouse, source)]
    shown = [output.data["text/markdown"] for output in outputs if "text/markdown" in output.data]
    tables = [output for output in outputs if "text/html" in output.data]
    assert [f"**{answer.question}**" for answer in asked] == [text for text in shown if "been published" not in text]
    for output, answer in zip(tables, asked, strict=True):
        _assert_shown(output, answer.rows)
    missing = [text for text in shown if "been published" in text]
    assert all(re.search(r"[?.)] Nothing of \w+ has been published: run `.venv/bin/etl run \w+`\.", t) for t in missing)
    assert len(missing) > 5


@pytest.mark.thorough
def test_a_notebook_about_a_source_that_was_never_run_stops_and_says_so_in_one_line(
    at_home: AtHome, execute: Callable[..., list[list[Any]]]
) -> None:
    with pytest.raises(CellExecutionError) as stopped:
        execute("threats")
    _, _, shown = str(stopped.value).rpartition("------------------\n")
    assert shown.split("\n") == ["", "", "Nothing of neo has been published: run `.venv/bin/etl run neo`.", ""]


def test_notebooks_are_stored_without_what_executing_them_leaves() -> None:
    assert set(CHARTS) < set(FILES)
    text = FILES["spacex"].read_text()
    assert stored.as_stored(text) == text
    executed = nbformat.reads(text, 4)
    executed.cells[1].outputs = [nbformat.v4.new_output("stream", text="13")]
    executed.cells[1].execution_count = 4
    executed.cells[1].metadata["execution"] = {"iopub.execute_input": "2026-01-01"}
    executed.metadata.kernelspec.display_name = "Python 3.11 of somebody"
    assert stored.as_stored(nbformat.writes(executed)) == text
