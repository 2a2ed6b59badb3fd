"""A headless Chromium, driven by its own driver; nothing is ever downloaded."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

CURE = "apt-get install chromium chromium-driver"
SWITCHES = (
    "--headless=new",
    "--no-sandbox",  # there is none for root
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--hide-scrollbars",
)


def why_missing() -> str | None:
    """Say so if there is no browser."""
    missing = [name for name, found in (("chromium", _chromium()), ("chromedriver", _driver())) if found is None]
    return f"no {' and no '.join(missing)} here: {CURE}" if missing else None


@contextmanager
def browser() -> Iterator[webdriver.Chrome]:
    """Start a browser, and end it."""
    options = webdriver.ChromeOptions()
    options.binary_location = _chromium() or ""
    for switch in SWITCHES:
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(_driver()))
    try:
        yield driver
    finally:
        driver.quit()


def emulate(driver: webdriver.Chrome, *, width: int = 1200, height: int = 1000, dark: bool = False) -> None:
    """Give the page a screen, as a phone's if it is narrow, and its user's preference."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})


def open_page(driver: webdriver.Chrome, page: Path) -> None:
    """Open a file."""
    driver.get(page.absolute().as_uri())


def said(driver: webdriver.Chrome) -> list[Any]:
    """Give what the console said since it was asked last."""
    return [entry["message"] for entry in driver.get_log("browser")]


def _chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def _driver() -> str | None:
    return shutil.which("chromedriver")
