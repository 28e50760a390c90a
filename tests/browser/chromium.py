"""One headless Chromium, and how tests look at pages with it."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

webdriver = pytest.importorskip("selenium.webdriver")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
CHROMEDRIVER = shutil.which("chromedriver")
if not CHROMIUM or not CHROMEDRIVER:
    pytest.skip(
        "needs chromium and chromedriver (Debian: apt install chromium chromium-driver)", allow_module_level=True
    )

FLAGS = (
    "--headless=new --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --hide-scrollbars"
)
WIDE, PHONE = 1280, 360
EVERY_LOOK = pytest.mark.parametrize(
    ("width", "theme"),
    [
        (WIDE, "light"),
        (PHONE, "dark"),
        pytest.param(WIDE, "dark", marks=pytest.mark.thorough),
        pytest.param(PHONE, "light", marks=pytest.mark.thorough),
    ],
)


class Browser:
    """One headless Chromium; `open` shows a page in a given width and theme."""

    def __init__(self, profile: Path) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for flag in [*FLAGS.split(), f"--user-data-dir={profile}"]:
            options.add_argument(flag)
        if os.geteuid() == 0:
            options.add_argument("--no-sandbox")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(CHROMEDRIVER))

    def open(self, page: Path | str, width: int, theme: str) -> None:
        phone = width == PHONE
        size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": phone}
        self.devtools("Emulation.setDeviceMetricsOverride", **size)
        self.devtools("Emulation.setTouchEmulationEnabled", enabled=phone)
        self.theme(theme)
        for log in ("browser", "performance"):
            self.driver.get_log(log)
        self.driver.get(page if isinstance(page, str) else page.as_uri())

    def theme(self, name: str) -> None:
        self.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def devtools(self, command: str, **arguments: Any) -> Any:
        return self.driver.execute_cdp_cmd(command, arguments)

    def js(self, expression: str, *arguments: Any) -> Any:
        return self.driver.execute_script(f"return {expression}", *arguments)

    def count(self, selector: str) -> int:
        return int(self.js("document.querySelectorAll(arguments[0]).length", selector))

    def centre(self, selector: str) -> dict[str, float]:
        """Scroll an element into the middle of the window and return where its centre is now."""
        self.js("document.querySelector(arguments[0]).scrollIntoView({block: 'center'})", selector)
        x, y = self.js(
            "(r => [r.x + r.width / 2, r.y + r.height / 2])"
            "(document.querySelector(arguments[0]).getBoundingClientRect())",
            selector,
        )
        return {"x": x, "y": y}

    def touch(self, kind: str, *points: dict[str, float]) -> None:
        self.devtools("Input.dispatchTouchEvent", type=kind, touchPoints=list(points))

    def hover_text(self, chart: str) -> str:
        return str(
            self.js(f"[...document.querySelectorAll('#{chart} .hoverlayer text')].map(e => e.textContent).join()")
        )

    def requests(self) -> list[str]:
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        return [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]

    def luminance(self, selector: str) -> float:
        """How bright an element's background is: 0 is black, 1 is white."""
        colour = self.js("getComputedStyle(document.querySelector(arguments[0])).backgroundColor", selector)
        red, green, blue = (int(value) / 255 for value in re.findall(r"\d+", colour)[:3])
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue
