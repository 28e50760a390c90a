"""The page in a real browser: with keyboard, finger and file, wide and narrow, light and dark."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.browser.chromium import PHONE, WIDE, Browser
from tests.enrichment.mosaic.pictures import folder, noise
from tests.enrichment.mosaic.serving import Served, serving
from tests.waiting import eventually

SLOW_S = 60  # of a busy machine


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    place = tmp_path_factory.mktemp("page")
    with serving(place / "empty", "--pool", str(folder(place / "pool"))) as served:
        yield served


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.driver.quit()


class Page:
    """The page, open and ready."""

    def __init__(self, browser: Browser, served: Served, width: int = WIDE, theme: str = "light") -> None:
        self.browser, self.address = browser, f"{served.address}/mosaic/"
        browser.driver.get("about:blank")
        browser.requests()
        browser.open(self.address, width, theme)
        calm = [
            {"name": "prefers-color-scheme", "value": theme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        browser.devtools("Emulation.setEmulatedMedia", features=calm)
        browser.driver.refresh()
        self.wait_for_mosaic()

    def text(self, name: str) -> str:
        return str(self.browser.js("document.getElementById(arguments[0]).textContent", name))

    def wait_for_mosaic(self) -> None:
        eventually(lambda: "places," in self.text("status"), SLOW_S)

    def press(self, *keys: str) -> None:
        """Keys as the keyboard sends them, to what has the focus."""
        for key in keys:
            for kind in ("rawKeyDown", "keyUp"):
                self.browser.devtools(
                    "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=CODES[key]
                )

    def focused(self) -> str:
        return str(self.browser.js("document.activeElement.id"))

    def card(self) -> dict[str, Any]:
        return {name: self.text(f"card-{name}") for name in ("title", "date", "credit", "uses")}

    def shown(self, name: str) -> bool:
        return bool(self.browser.js("!document.getElementById(arguments[0]).hidden", name))


CODES = {"Tab": 9, "Enter": 13, "Escape": 27, "ArrowRight": 39, "ArrowDown": 40, " ": 32}


def test_a_picture_chosen_by_keyboard_becomes_a_mosaic_whose_pictures_are_credited(
    browser: Browser, served: Served, tmp_path: Path
) -> None:
    page = Page(browser, served)
    noise(8, 640, 400).save(tmp_path / "mine.png")
    browser.js("document.getElementById('whole').focus()")
    page.press("Tab", "Tab")
    assert page.focused() == "file"
    before = page.text("status")
    browser.driver.find_element("id", "file").send_keys(str(tmp_path / "mine.png"))
    eventually(lambda: "places," in page.text("status") and page.text("status") != before, SLOW_S)
    assert page.text("status").startswith("80 × 50 places, ")
    assert browser.js("document.querySelectorAll('[name=built-in]:checked').length") == 0

    browser.js("document.getElementById('viewer').focus()")
    page.press("ArrowRight", "ArrowRight", "ArrowDown", "Enter")
    eventually(lambda: page.shown("card") and "column 42" in page.text("heard"), SLOW_S)
    number = page.card()["title"].removeprefix("Object ")
    assert page.card()["date"] == "2024-05-17"
    assert page.card()["credit"] == f"Credit: NASA/Observer {number}"
    assert browser.js("document.getElementById('card-link').href") == f"https://example.org/{number}"
    eventually(lambda: browser.js("document.getElementById('card-picture').naturalWidth") == 300, SLOW_S)
    page.press("Escape")
    assert not page.shown("card")

    assert browser.driver.get_log("browser") == []
    foreign = [each for each in browser.requests() if not each.startswith((served.address, "data:", "about:"))]
    assert foreign == []


@pytest.mark.thorough
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [WIDE, PHONE])
def test_the_page_fits_every_width_and_theme(browser: Browser, served: Served, width: int, theme: str) -> None:
    page = Page(browser, served, width, theme)
    assert browser.js("document.documentElement.scrollWidth") == width
    assert (browser.luminance("body") < 0.15) == (theme == "dark")
    assert browser.luminance(".stage") < 0.05
    browser.js("document.getElementById('viewer').focus()")
    page.press("ArrowRight")
    eventually(lambda: page.shown("card"), SLOW_S)
    assert browser.js("document.documentElement.scrollWidth") == width
    box = "(r => [r.left >= 0, r.right <= innerWidth])(document.getElementById('card').getBoundingClientRect())"
    assert browser.js(box) == [True, True]
    assert browser.driver.get_log("browser") == []


@pytest.mark.thorough
def test_a_finger_finds_the_picture_that_it_taps(browser: Browser, served: Served) -> None:
    page = Page(browser, served, PHONE, "dark")
    point = browser.centre("#viewer")
    browser.touch("touchStart", point)
    browser.touch("touchEnd")
    eventually(lambda: page.shown("card") and page.card()["title"].startswith("Object "), SLOW_S)


@pytest.mark.thorough
def test_zooming_in_leads_to_a_picture_by_itself(browser: Browser, served: Served) -> None:
    page = Page(browser, served)
    for _ in range(14):
        browser.driver.find_element("id", "zoom-in").click()
    eventually(lambda: page.shown("card"), SLOW_S)
    browser.driver.find_element("id", "card-close").click()
    assert not page.shown("card")


@pytest.mark.thorough
def test_sliders_make_the_mosaic_again(browser: Browser, served: Served) -> None:
    page = Page(browser, served)
    browser.js(
        "(slider => { slider.value = 40; slider.dispatchEvent(new Event('input')) })(document.getElementById('longer'))"
    )
    eventually(lambda: page.text("status").startswith("40 × 40 places"), SLOW_S)
    assert page.text("longer-value") == "40 places wide"


@pytest.mark.thorough
def test_a_picture_can_be_pasted(browser: Browser, served: Served) -> None:
    page = Page(browser, served)
    browser.driver.execute_script(
        """
        const canvas = Object.assign(document.createElement('canvas'), {width: 300, height: 100});
        canvas.getContext('2d').fillRect(50, 10, 200, 60);
        canvas.toBlob((blob) => {
            const data = new DataTransfer();
            data.items.add(new File([blob], 'pasted.png', {type: 'image/png'}));
            document.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true}));
        });
        """
    )
    eventually(lambda: page.text("status").startswith("80 × 27 places"), SLOW_S)


@pytest.mark.thorough
def test_what_the_server_has_forgotten_is_sent_again(browser: Browser, served: Served, tmp_path: Path) -> None:
    page = Page(browser, served)
    noise(8, 640, 400).save(tmp_path / "mine.png")
    browser.driver.find_element("id", "file").send_keys(str(tmp_path / "mine.png"))
    eventually(lambda: page.text("status").startswith("80 × 50 places"), SLOW_S)
    address = browser.js("document.getElementById('as-png').href")
    served.session.delete(address.split("/mosaic.png")[0], timeout=60)
    browser.js(
        "(slider => { slider.value = 16; slider.dispatchEvent(new Event('input')) })(document.getElementById('longer'))"
    )
    eventually(lambda: page.text("status").startswith("16 × 10 places"), SLOW_S)


@pytest.mark.thorough
def test_what_cannot_be_read_is_told(browser: Browser, served: Served, tmp_path: Path) -> None:
    page = Page(browser, served)
    (tmp_path / "no.png").write_bytes(b"This is text.")
    browser.driver.find_element("id", "file").send_keys(str(tmp_path / "no.png"))
    eventually(lambda: "not a picture" in page.text("status"), SLOW_S)
    assert browser.js("document.getElementById('status').className") == "status wrong"


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["png", "jpg"])
def test_a_download_opens(browser: Browser, served: Served, tmp_path: Path, kind: str) -> None:
    Page(browser, served)
    browser.devtools("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    browser.driver.find_element("id", f"as-{kind}").click()
    eventually((tmp_path / f"mosaic.{kind}").exists, SLOW_S)
    with Image.open(tmp_path / f"mosaic.{kind}") as picture:
        assert picture.width == picture.height >= 2560


@pytest.mark.thorough
def test_the_downloaded_folder_opens_without_a_server(browser: Browser, served: Served, tmp_path: Path) -> None:
    Page(browser, served)
    path = "/v1/mosaics/galaxy/mosaic.zip?longer=16"
    (tmp_path / "mosaic.zip").write_bytes(served.get(path).content)
    zipfile.ZipFile(tmp_path / "mosaic.zip").extractall(tmp_path)
    browser.open(tmp_path / "mosaic/index.html", WIDE, "dark")
    eventually(lambda: any(each.endswith(".jpg") for each in browser.requests()), SLOW_S)
    browser.devtools("Input.dispatchMouseEvent", type="mouseMoved", x=640, y=400)
    for kind in ("mousePressed", "mouseReleased"):
        browser.devtools("Input.dispatchMouseEvent", type=kind, x=640, y=400, button="left", clickCount=1)
    eventually(lambda: "NASA/Observer" in browser.driver.find_element("id", "caption").text, SLOW_S)
    assert browser.driver.get_log("browser") == []
