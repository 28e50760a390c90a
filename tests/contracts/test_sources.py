"""A source is known by its name alone: nobody outside its own packages asks which one it is."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from etl import sources
from etl.sources import simulators
from tests.conftest import ROOT

SOURCES = [sources.load(name) for name in sources.NAMES]
WORDS = {
    word: source.name
    for source in SOURCES
    for word in (
        source.name,
        *(endpoint.name for endpoint in source.endpoints),
        *(dataset.name for dataset in (*source.parsed, *source.datasets, *source.gold)),
    )
}
OWN = (
    "etl/sources/{}/**/*.py",
    "dags/{}.py",
    "dags/{}_spark.py",
    "monitoring/dashboards/{}.py",
)
FOLDERS = ("etl", "k8s", "dags", "monitoring")

ALLOWED = {  # where a source is named all the same: why
    **{("etl/sources/__init__.py", name): "the registry of sources" for name in sources.NAMES},
    **{("etl/sources/simulators.py", name): "the registry of their simulators" for name in sources.NAMES},
    (
        "etl/sources/neows/contract.py",
        "neo",
    ): "one name for an object and one range for a number, whichever API says it",
    ("etl/sources/neows/simulator.py", "neo"): "both simulators know the same objects, so that they can be compared",
    ("etl/sources/picture_facts/__init__.py", "apod"): "a table whose pictures it describes",
    ("etl/sources/picture_facts/__init__.py", "mars"): "another",
    ("k8s/installer/__main__.py", "spacex"): "the DAG that `make trigger` runs if none is named",
}


def _files() -> list[Path]:
    return [file for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*.py"))]


def _own(source: str) -> set[Path]:
    return {file for pattern in OWN for file in ROOT.glob(pattern.format(source))}


def _named(tree: ast.AST) -> Iterator[str]:
    """The sources that code names: in a text of its own, as `settings.spacex`, or in what it imports."""
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(word)) if word in WORDS:
                yield WORDS[word]
            case ast.Attribute(value=ast.Name() | ast.Attribute() as of, attr=name) if (
                name in sources.NAMES and ast.unparse(of).endswith(("settings", "sources", "simulate"))
            ):
                yield name
            case ast.ImportFrom(module=str(module), names=names):
                yield from _imported(f"{module}.{alias.name}" for alias in names)
            case ast.Import(names=names):
                yield from _imported(alias.name for alias in names)


def _imported(modules: Iterator[str]) -> Iterator[str]:
    for module in modules:
        package, _, rest = module.partition(".")
        folder, _, name = rest.partition(".")
        if package == "etl" and folder in ("sources", "simulate") and name.partition(".")[0] in sources.NAMES:
            yield name.partition(".")[0]


def test_no_code_outside_of_a_sources_own_packages_names_it() -> None:
    own = {name: _own(name) for name in sources.NAMES}
    found = {
        (str(file.relative_to(ROOT)), name)
        for file in _files()
        for name in _named(ast.parse(file.read_text()))
        if file not in own[name]
    }
    assert found == set(ALLOWED)


@pytest.mark.parametrize(
    "code",
    [
        'source.name == "spacex"',
        'name in ("sensors", "x")',
        'PAGE_SIZES = {"spacex": 100}',
        'match name:\n    case "sensors": pass',
        'dataset.name == "sensor_readings"',
        'endpoint.name.startswith("spacex_launches")',
        "settings = settings.spacex",
        "self.settings.sensors.rows",
        "from etl.sources import spacex",
        "from etl.sources.sensors.grid import Grid",
        "import etl.sources.sensors.simulator",
    ],
)
def test_every_way_to_ask_which_source_it_is_is_noticed(code: str) -> None:
    assert list(_named(ast.parse(code)))


def test_a_word_that_happens_to_be_a_sources_name_is_left_alone() -> None:
    assert not list(
        _named(ast.parse("grid.sensors(1, 2); sensors = 3; 'the sensors of a grid'; from dags import spacex"))
    )


def test_every_package_of_a_source_has_a_group_of_settings_by_which_it_is_found() -> None:
    packages = {file.parent.name for file in (ROOT / "etl" / "sources").glob("*/contract.py")}
    assert packages == set(sources.NAMES)
    assert [source.name for source in SOURCES] == list(sources.NAMES)


@pytest.mark.parametrize("name", sources.NAMES)
def test_every_source_has_a_simulator_that_says_what_its_data_are(name: str) -> None:
    module = simulators.REGISTRY[name]
    assert callable(module.make_app)
    assert module.ABOUT


def test_no_two_sources_make_the_same_table() -> None:
    tables = [dataset.name for source in SOURCES for dataset in (*source.datasets, *source.gold)]
    assert len(set(tables)) == len(tables)
