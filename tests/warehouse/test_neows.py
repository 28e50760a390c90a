"""NeoWs' passes are published by days, and compared with what JPL says of the same objects."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Response

from etl import sources
from etl.core.api import Client
from etl.core.errors import AuditError
from etl.core.intervals import DataInterval
from etl.core.pages import Page
from etl.engines.local import LocalEngine
from etl.lake.store import Lake
from etl.pipeline.pipeline import Pipeline, Summary
from etl.postgres.connection import Warehouse
from etl.settings import NasaSettings, NeowsSettings
from etl.simulate import server
from etl.sources.http.client import HttpClient
from etl.sources.http.pages import page_of
from etl.sources.neows import pages, simulator
from etl.sql.statements import statement
from etl.state.budget import Budget
from tests.conftest import HASTY
from tests.warehouse import test_neo

Record = dict[str, Any]
Edit = Callable[[Record], None]
Read = Callable[[Client, DataInterval | None, int], Iterator[Page]]
DAYS = DataInterval(date(2026, 6, 14), date(2026, 6, 24))
KEY = SecretStr("hunter2-hunter2")


def passing(number: int, on: int = 2, **changes: str) -> Record:
    return test_neo.passing(str(number), DAYS.start + timedelta(on), **changes)


def edited(passes: list[Record], edit: Edit | None) -> Any:
    """The simulated feed with these passes, each object edited."""
    app = simulator.make_app(None, lambda day: test_neo.Served(passes).on(day))

    def serve(environ: Any, start_response: Any) -> Any:
        body, status, headers = run_wsgi_app(app, environ)
        answer = json.loads(b"".join(body))
        for found in (one for objects in answer["near_earth_objects"].values() for one in objects):
            if edit is not None:
                edit(found)
        response = Response(json.dumps(answer), status, headers)
        return response(environ, start_response)

    return serve


def run(
    warehouse: Warehouse,
    lake: Lake,
    passes: list[Record],
    *,
    edit: Edit | None = None,
    read: Read | None = None,
    budget: Budget | None = None,
    accepts_loss: bool = False,
) -> Summary:
    """A run of DAYS; `read` instead of the source's own pages."""
    with server.serve(edited(passes, edit)) as api:
        source = sources.load("neows", NeowsSettings(base_url=api.url, nasa=NasaSettings(api_key=KEY)))
        if read is not None:
            source = replace(source, endpoints=(replace(source.endpoints[0], pages=read),))
        with HttpClient("neows", api.url, HASTY, auth=source.api.auth, budget=budget) as client:
            pipeline = Pipeline(source, lake, 0.05, LocalEngine(), accepts_loss=accepts_loss)
            return pipeline.run(client, warehouse, DAYS)


def published(warehouse: Warehouse) -> set[str]:
    return {row["designation"] for row in warehouse.execute("select designation from silver.neows_passes")}


def test_a_run_publishes_all_and_a_second_one_finds_nothing_new(warehouse: Warehouse, lake: Lake) -> None:
    passes = [passing(number, number % 10) for number in range(10, 40)]
    assert run(warehouse, lake, passes).published.rows_published == 30
    assert published(warehouse) == {str(number) for number in range(10, 40)}
    assert run(warehouse, lake, passes).published.status == "unchanged"


def test_requests_are_spent_from_the_budget_of_api_nasa_gov(warehouse: Warehouse, lake: Lake, database: str) -> None:
    api = sources.load("neows", NeowsSettings(nasa=NasaSettings(api_key=KEY))).api
    with Warehouse(database, role="etl_loader") as spending:
        budget = Budget(spending, api.name, api.limits)
        run(warehouse, lake, [passing(10)], budget=budget)
        [(limit, left)] = budget.left()
    probed = 1
    assert limit.calls - left == probed + len(pages._questions(DAYS, 8))
    spent = warehouse.execute("select distinct source from ops.spending")
    assert [row["source"] for row in spent] == ["api.nasa.gov"]


# Audits


def refused(warehouse: Warehouse, lake: Lake, passes: list[Record], **how: Any) -> tuple[str, int]:
    before = published(warehouse)
    with pytest.raises(AuditError) as caught:
        run(warehouse, lake, passes, **how)
    assert published(warehouse) == before
    return caught.value.audit, caught.value.offending_rows


def unchecked(client: Client, _interval: DataInterval | None, _first: int) -> Iterator[Page]:
    """The pages of a day too many: what `pages` would refuse."""
    asked = {"start_date": str(DAYS.start - timedelta(1)), "end_date": str(DAYS.start)}
    yield page_of(client.get(pages.PATH, asked), 1, 2, is_last=True)


def test_no_pass_on_other_days_is_published(warehouse: Warehouse, lake: Lake) -> None:
    passes = [passing(10, on=-1), passing(11, on=0)]
    assert refused(warehouse, lake, passes, read=unchecked) == ("no_neows_pass_on_other_days", 1)
    run(warehouse, lake, passes[1:], read=unchecked)
    assert published(warehouse) == {"11"}


@pytest.mark.parametrize(("unit", "off", "may_be_off"), [("kilometers", 10.0, 1.0), ("lunar", 1e-3, 1e-6)])
def test_units_agree(warehouse: Warehouse, lake: Lake, unit: str, off: float, may_be_off: float) -> None:
    def by(much: float) -> Edit:
        def edit(found: Record) -> None:
            distance = found["close_approach_data"][0]["miss_distance"]
            distance[unit] = str(float(distance[unit]) + much)

        return edit

    assert refused(warehouse, lake, [passing(10)], edit=by(off)) == ("units_agree", 1)
    run(warehouse, lake, [passing(10)], edit=by(may_be_off))
    assert published(warehouse) == {"10"}


def test_neows_objects_known(warehouse: Warehouse, lake: Lake) -> None:
    """JPL lists 10 to 109; NeoWs may know one more, or one that has a number now, but not two that nobody else does."""
    listed = [passing(number, number % 10) for number in range(10, 110)]
    renamed = passing(1, fullname="(2008 JG)")
    unlisted = [passing(number) for number in (991, 992)]
    run(warehouse, lake, [*listed, *unlisted])  # as long as JPL's list is not published

    objects = [test_neo.one(f"{n}") for n in range(10, 110)]
    objects[0] |= {"full_name": "10 (2008 JG)"}
    test_neo.run(warehouse, lake, test_neo.Served(objects=objects))
    assert refused(warehouse, lake, [*listed, *unlisted, passing(5)]) == ("neows_objects_known", 3)
    run(warehouse, lake, [*listed, renamed, unlisted[0]], accepts_loss=True)

    with Warehouse(warehouse.dsn) as owner:
        owner.execute("update silver.neo_objects set received_at = received_at - interval '8 days'")
    run(warehouse, lake, [*listed, *unlisted, passing(5)], accepts_loss=True)  # it is too old to judge by


# Beside JPL


def test_it_is_said_where_neows_and_jpl_disagree(warehouse: Warehouse, lake: Lake) -> None:
    """On the risk list, on what is hazardous, on a distance; not on what is the same, or unknown to JPL."""
    day = DAYS.start + timedelta(2)
    rf12, apophis = ("2010 RF12", "(2010 RF12)"), ("99942", "99942 Apophis (2004 MN4)")
    known = [test_neo.passing(des, day, fullname=name) for des, name in (rf12, apophis)]
    known += [test_neo.passing("900000", day), test_neo.passing("900001", day)]
    served = test_neo.Served(
        known,
        [test_neo.one(str(record["des"]), pha="Y" if record["des"] == "99942" else "N") for record in known],
        [test_neo.risk("2010 RF12", ps_cum="-2.97")],
    )
    test_neo.run(warehouse, lake, served)
    farther = [record | ({"dist": "0.0405"} if record["des"] == "900001" else {}) for record in known]

    def edit(found: Record) -> None:
        found["is_potentially_hazardous_asteroid"] = False

    run(warehouse, lake, [*farther, test_neo.passing("123456", day)], edit=edit)
    answer = warehouse.execute(statement("questions/neows/where_neows_disagrees"))
    found = [(row["designation"], row["neows_risk"], row["jpl_risk"], row["jpl_hazardous"]) for row in answer]
    assert found == [("2010 RF12", False, True, False), ("900001", False, False, False), ("99942", False, False, True)]
    assert [float(row["neows_au"] - row["jpl_au"]) for row in answer] == [0, pytest.approx(0.0005), 0]
    [known_to_jpl] = warehouse.execute(statement("questions/neows/neows_known_to_jpl"))
    assert tuple(known_to_jpl.values()) == (5, 4, 5, 4)
