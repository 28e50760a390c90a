"""The pages in a real browser, opened from disk: wide and narrow, light and dark, with mouse, finger and printer."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.chromium import EVERY_LOOK, PHONE, WIDE, Browser
from tests.unit.report import apod_rows, gold_rows, sensor_rows
from tests.unit.report.test_page import hostile_page
from tests.waiting import eventually

MARKS = {
    "gaps": (".scatterlayer path.point", 118),
    "boosters": (".barlayer .point path", 12),
    "launches": (".barlayer .point path", 3 * 16),
    "landings": (".barlayer .point path", 2 * 10),
}
SENSORS_MARKS = {
    "temperature": (".scatterlayer .trace path.js-line", 5),
    "rain": (".barlayer .point path", 14),
    "wet": (".barlayer .point path", 3 * 14),
    "warmth": (".scatterlayer path.point", 30),
    "wetness": (".scatterlayer path.point", 30),
    "quality": (".barlayer .point path", 3 * 14),
}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.driver.quit()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    page = tmp_path_factory.mktemp("report") / "report.html"
    page.write_text(gold_rows.page(), encoding="utf-8", newline="")
    return page


@pytest.fixture(scope="module")
def sensors_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    page = tmp_path_factory.mktemp("report") / "report-sensors.html"
    page.write_text(sensor_rows.page(), encoding="utf-8", newline="")
    return page


@EVERY_LOOK
def test_page_is_whole_in_every_width_and_theme(browser: Browser, page: Path, width: int, theme: str) -> None:
    browser.open(page, width, theme)
    for chart, (marks, number) in MARKS.items():
        assert browser.count(f"#{chart} svg.main-svg {marks}") == number
    assert browser.js("document.documentElement.scrollWidth") == width
    assert [element.text for element in browser.driver.find_elements("css selector", ".big")] == ["13", "25"]
    assert browser.driver.get_log("browser") == []
    assert browser.requests() == [page.as_uri()]
    for surface in ("body", ".answer"):
        assert (browser.luminance(surface) < 0.15) == (theme == "dark")


def test_theme_follows_the_system_without_a_reload(browser: Browser, page: Path) -> None:
    colour = "getComputedStyle(document.querySelector('#boosters .point:nth-child(2) path')).fill"
    browser.open(page, WIDE, "light")
    light = browser.js(colour)
    browser.theme("dark")
    eventually(lambda: browser.js(colour) != light)


def test_pointer_shows_booster_launch_and_days(browser: Browser, page: Path) -> None:
    browser.open(page, WIDE, "light")
    point = browser.centre("#gaps .scatterlayer .trace:last-child path.point")
    browser.devtools("Input.dispatchMouseEvent", type="mouseMoved", **point)
    eventually(lambda: "7900a0: 21.3 daysStarlink 4-16 (v1.5)29 Apr 2022" in browser.hover_text("gaps"))


def test_finger_taps_for_details_and_scrolls_across_charts(browser: Browser, page: Path) -> None:
    browser.open(page, PHONE, "light")
    point = browser.centre("#boosters .point:nth-child(1) path")
    browser.touch("touchStart", point)
    browser.touch("touchEnd")
    eventually(lambda: "B1058: 14 launches" in browser.hover_text("boosters"))
    before = browser.js("scrollY")
    browser.touch("touchStart", point)
    for step in range(1, 13):
        browser.touch("touchMove", {"x": point["x"], "y": point["y"] - 10 * step})
    browser.touch("touchEnd")
    eventually(lambda: browser.js("scrollY") > before + 50)


def test_narrowing_the_window_redraws_the_charts(browser: Browser, page: Path) -> None:
    browser.open(page, WIDE, "light")
    browser.devtools("Emulation.setDeviceMetricsOverride", width=PHONE, height=800, deviceScaleFactor=1, mobile=False)
    eventually(lambda: browser.js("document.documentElement.scrollWidth") == PHONE)
    eventually(lambda: browser.js("document.querySelector('#gaps svg').clientWidth") < PHONE)


def test_open_tables_do_not_widen_a_phone_page(browser: Browser, page: Path) -> None:
    browser.open(page, PHONE, "light")
    browser.js("document.querySelectorAll('details').forEach(details => { details.open = true })")
    assert browser.js("document.documentElement.scrollWidth") == PHONE


def test_print_is_light_even_from_a_dark_screen(browser: Browser, page: Path) -> None:
    browser.open(page, WIDE, "dark")
    browser.js(
        "(window.seen = [], addEventListener('beforeprint',"
        " () => seen.push(getComputedStyle(document.querySelector('#boosters .point:nth-child(2) path')).fill)))"
    )
    document = base64.b64decode(browser.devtools("Page.printToPDF", printBackground=True)["data"])
    assert document.startswith(b"%PDF")
    assert browser.js("seen") == ["rgb(31, 102, 173)"]
    assert browser.luminance("body") < 0.15


def test_hostile_names_are_shown_as_they_are(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "hostile.html"
    page.write_text(hostile_page(), encoding="utf-8", newline="")
    browser.open(page, WIDE, "light")
    assert browser.driver.get_log("browser") == []
    assert not browser.driver.title.startswith("owned")
    browser.devtools(
        "Input.dispatchMouseEvent", type="mouseMoved", **browser.centre("#gaps .trace:last-child path.point")
    )
    eventually(lambda: "</script><script>" in browser.hover_text("gaps"))
    assert browser.count(".plot a, .plot img, .plot script") == 0


def test_page_without_rows_opens_without_complaint(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "empty.html"
    page.write_text(gold_rows.empty_page(), encoding="utf-8", newline="")
    browser.open(page, PHONE, "dark")
    assert browser.driver.get_log("browser") == []
    assert "make run" in browser.driver.find_element("css selector", ".notice").text
    assert browser.js("document.documentElement.scrollWidth") == PHONE


@EVERY_LOOK
def test_the_sensors_page_is_whole_in_every_width_and_theme(
    browser: Browser, sensors_page: Path, width: int, theme: str
) -> None:
    browser.open(sensors_page, width, theme)
    for chart, (marks, number) in SENSORS_MARKS.items():
        assert browser.count(f"#{chart} svg.main-svg {marks}") == number, chart
    browser.js("document.querySelectorAll('details').forEach(details => { details.open = true })")
    assert browser.js("document.documentElement.scrollWidth") == width
    assert browser.driver.get_log("browser") == []
    assert browser.requests() == [sensors_page.as_uri()]
    for surface in ("body", ".answer"):
        assert (browser.luminance(surface) < 0.15) == (theme == "dark")


@EVERY_LOOK
def test_a_listing_fits_every_width_and_loads_nothing_that_it_links_to(
    browser: Browser, tmp_path: Path, width: int, theme: str
) -> None:
    page = tmp_path / "pictures.html"
    page.write_text(apod_rows.page(latest=apod_rows.latest(title="x" * 200)), encoding="utf-8", newline="")
    browser.open(page, width, theme)
    assert browser.count(".listing a[href^='https://']") == 20
    assert browser.count("#media svg.main-svg .barlayer .point path") == 3 * 14
    assert browser.js("document.documentElement.scrollWidth") == width
    assert browser.driver.get_log("browser") == []
    assert browser.requests() == [page.as_uri()]


@pytest.mark.parametrize("width", [WIDE, PHONE])
def test_figures_and_labels_are_not_cut_off(browser: Browser, sensors_page: Path, width: int) -> None:
    browser.open(sensors_page, width, "light")
    assert browser.js("[...document.querySelectorAll('.big')].filter(e => e.scrollWidth > e.clientWidth).length") == 0
    outside = """
        [...document.querySelectorAll('.plot')].flatMap(plot => {
            const frame = plot.getBoundingClientRect();
            return [...plot.querySelectorAll('.xtick text, .ytick text, .cbaxis text')].filter(label => {
                const box = label.getBoundingClientRect();
                return box.left < frame.left || box.right > frame.right || box.bottom > frame.bottom;
            }).map(label => plot.id + ': ' + label.textContent);
        })
    """.strip()
    assert browser.js(outside) == []


@pytest.mark.parametrize("width", [WIDE, PHONE])
def test_marks_of_a_map_lie_side_by_side(browser: Browser, sensors_page: Path, width: int) -> None:
    browser.open(sensors_page, width, "light")
    boxes = browser.js(
        "[...document.querySelectorAll('#warmth path.point')].map(e => e.getBoundingClientRect())"
        ".map(({x, y, width}) => [x, y, width])"
    )
    (x, y, size), (next_x, next_y, _) = boxes[:2]
    assert abs(y - next_y) < 1
    assert 0.6 < size / (next_x - x) < 1


def test_pointer_shows_sensor_zone_and_figure(browser: Browser, sensors_page: Path) -> None:
    browser.open(sensors_page, WIDE, "light")
    point = browser.centre("#warmth .scatterlayer path.point:last-of-type")
    browser.devtools("Input.dispatchMouseEvent", type="mouseMoved", **point)
    eventually(lambda: "SENSOR_0030: 1.9\N{NO-BREAK SPACE}°CZONE_3_3" in browser.hover_text("warmth"))


def test_a_map_of_as_many_places_as_there_can_be_opens_without_complaint(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "large.html"
    rows = {"places": sensor_rows.places(50, 50, sensors=4), "periods": sensor_rows.periods(161, "year")}
    page.write_text(sensor_rows.page(**rows), encoding="utf-8", newline="")
    browser.open(page, PHONE, "dark")
    assert browser.count("#wetness .scatterlayer path.point") == 2500
    assert browser.driver.get_log("browser") == []
    assert browser.js("document.documentElement.scrollWidth") == PHONE
