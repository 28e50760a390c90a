"""The built site in a real browser: it asks nobody else, fits a phone, turns dark, and finds what is searched."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.browser.chromium import EVERY_LOOK, WIDE, Browser
from tests.conftest import ROOT
from tests.waiting import eventually

pytestmark = pytest.mark.thorough
PAGES = (
    "",
    "tutorial/laptop/",
    "reference/etl/",
    "reference/charts/warehouse/",
    "adr/",
    "notebooks/spacex/",
    "benchmarks/",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address at which the site is served."""
    folder = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    subprocess.run(build, cwd=ROOT, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, check=True)
    serve = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(folder)]
    with subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout
        port = server.stdout.readline().split(" port ")[1].split()[0]
        yield f"http://127.0.0.1:{port}/"
        server.terminate()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    opened = Browser(tmp_path_factory.mktemp("profile"))
    yield opened
    opened.driver.quit()


@EVERY_LOOK
def test_pages_fit_the_window_follow_the_theme_and_ask_nobody_else(
    browser: Browser, site: str, width: int, theme: str
) -> None:
    for page in PAGES:
        browser.open(site + page, width, theme)
        assert browser.js("document.documentElement.scrollWidth") <= width, page
        assert (browser.luminance("body") < 0.2) is (theme == "dark"), page
        assert all(url.startswith((site, "data:")) for url in browser.requests()), page
        assert browser.driver.get_log("browser") == []


def test_the_search_finds_an_alert(browser: Browser, site: str) -> None:
    browser.open(site, WIDE, "light")
    browser.driver.find_element("css selector", "input[name=query]").send_keys("EtlDatasetStale")
    eventually(lambda: browser.count(".md-search-result__link[href*=EtlDatasetStale]"), within_s=120)
    assert all(url.startswith((site, "data:")) for url in browser.requests())


def test_a_page_is_found_where_the_navigation_says(site: str, browser: Browser) -> None:
    browser.open(site, WIDE, "light")
    shelves = browser.js("[...document.querySelectorAll('.md-tabs__link')].map(e => e.textContent.trim())")
    assert shelves == ["Start", "Tutorial", "How-to", "Reference", "Explanation"]
