"""The page of a report, in a browser."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from simpleflow_steps.drawing.report import Report
from simpleflow_steps.storage import Storage
from tests.browser import emulate, open_page, said
from tests.drawing.conftest import SHOP, report_of

Write = Callable[[Report], Path]
HOSTILE = (
    "</script><script>window.owned = 1</script>",
    "<!--<script>",
    '<img src=x onerror="window.owned = 2">',
    "turned \u202e round",
    "😀 ünïcode 名前",
    "__proto__",
    "constructor",
    "x" * 5_000,
)
FAINT = Path(__file__).with_name("contrast.js").read_text()
ALL = ["load", "stats", "stats.2012", "stats.2013", "stats.2014", "ask", "pay", "report", "report.pdf"]


class Reader:
    """What a person sees and does."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def names(self) -> list[str]:
        """Read the names of the rows, top down."""
        labels = "return [...document.querySelectorAll('.item .name .text')].map(each => each.textContent)"
        return [name for name in self.driver.execute_script(labels) if not name.startswith(f"{SHOP}.")]

    def row(self, name: str) -> WebElement:
        """Find a row by its name."""
        rows = self.driver.find_elements(By.CSS_SELECTOR, ".row.item")
        return next(row for row in rows if row.find_element(By.CSS_SELECTOR, ".name .text").text == name)

    def cell(self, name: str, kind: str) -> str:
        """Read a cell of a row."""
        return self.row(name).find_element(By.CSS_SELECTOR, f".{kind}").text

    def press(self, *keys: str) -> None:
        """Press keys where the focus is."""
        for key in keys:
            self.driver.switch_to.active_element.send_keys(key)

    def focused(self) -> str:
        """Read the name of the row that has the focus."""
        return self.driver.switch_to.active_element.find_element(By.CSS_SELECTOR, ".name .text").text

    def text(self, selector: str) -> str:
        """Read a part of the page."""
        return self.driver.find_element(By.CSS_SELECTOR, selector).text

    def search(self, words: str) -> None:
        """Search, and wait until that has been heeded."""
        place = self.driver.find_element(By.ID, "search")
        place.clear()
        before = self.text("#found")
        place.send_keys(words)
        WebDriverWait(self.driver, 5).until(lambda _: self.text("#found") != before)

    def scripted(self, script: str) -> Any:
        """Ask the page."""
        return self.driver.execute_script(script)


@pytest.fixture
def reader(chromium: webdriver.Chrome, shop: Storage, page: Write) -> Reader:
    """Open the page about the shop."""
    chromium.get_log("performance")
    emulate(chromium)
    open_page(chromium, page(report_of(shop)))
    return Reader(chromium)


def test_it_tells_how_all_stands(reader: Reader) -> None:
    assert reader.text("h1") == SHOP
    assert reader.text("#state") == "✗\nfailed"
    assert reader.text("#found") == "8 steps"
    assert reader.names() == ALL
    assert reader.cell("pay", "state") == "failed"
    assert "no money left" in reader.cell("pay", "why")
    assert reader.cell("stats.2013", "why") == "new <b>data</b>"
    assert reader.cell("ask", "tries") == "↻ 2"
    assert "no money left" in reader.text("#about .callout")


def test_groups_open_and_close_by_mouse_and_by_keys(reader: Reader) -> None:
    reader.row("stats").click()
    closed = reader.names()
    reader.press(Keys.ARROW_RIGHT)
    opened = reader.names()
    reader.press(Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    below = reader.focused()
    reader.press(Keys.ARROW_LEFT, Keys.ARROW_LEFT)
    reader.press(Keys.HOME)

    assert closed == [name for name in ALL if not name.startswith("stats.")]
    assert opened == ALL
    assert below == "stats.2013"
    assert reader.names() == closed
    assert reader.focused() == "load"
    assert reader.row("stats").get_attribute("aria-expanded") == "false"


def test_everything_opens_and_closes_at_once(reader: Reader) -> None:
    reader.driver.find_element(By.ID, "collapse").click()
    collapsed = reader.names()
    reader.driver.find_element(By.ID, "expand").click()

    assert collapsed == ["load", "stats", "ask", "pay", "report"]
    assert reader.names() == ALL


def test_a_state_is_filtered_by(reader: Reader) -> None:
    button = reader.driver.find_element(By.CSS_SELECTOR, '[data-state="failed"]')
    button.click()

    assert reader.names() == ["pay"]
    assert button.get_attribute("aria-pressed") == "true"
    button.click()
    assert reader.names() == ALL


def test_names_reasons_and_errors_are_searched(reader: Reader) -> None:
    found = {}
    for words in ("2013", "NEW <B>", "no money", "nowhere"):
        reader.search(words)
        found[words] = reader.names()

    assert found == {
        "2013": ["stats", "stats.2013"],
        "NEW <B>": ["stats", "stats.2012", "stats.2013", "stats.2014"],
        "no money": ["pay"],
        "nowhere": [],
    }
    assert reader.text("#nothing") == "No step is like that."
    reader.press(Keys.ESCAPE)
    assert reader.names() == ALL


def test_a_slash_goes_to_the_search(reader: Reader) -> None:
    reader.driver.find_element(By.TAG_NAME, "body").send_keys("/")

    assert reader.driver.switch_to.active_element.get_attribute("id") == "search"


def test_an_error_opens_its_traceback(reader: Reader) -> None:
    reader.row("pay").click()

    detail = reader.text(".detail")
    assert "Traceback (most recent call last)" in detail
    assert "ValueError: no money left" in detail
    assert reader.row("pay").get_attribute("aria-expanded") == "true"
    reader.press(Keys.ENTER)
    assert reader.driver.find_elements(By.CSS_SELECTOR, ".detail") == []


def test_results_are_shown_and_large_ones_cut(reader: Reader) -> None:
    reader.row("load").click()
    small = reader.text(".detail")
    reader.row("load").click()
    reader.row("ask").click()
    large = reader.text(".detail")

    assert '"counted": 1' in small
    assert "Result (its first 2000 of 5002 characters)" in large
    assert "Attempt 1 of activity-tests.drawing.conftest.ask failed" in large


def test_a_run_is_chosen(reader: Reader) -> None:
    choice = Select(reader.driver.find_element(By.ID, "run"))
    options = [option.text.rpartition(", ")[2] for option in choice.options]
    choice.select_by_index(2)

    assert options == ["as they stand", "failed", "completed", "completed"]
    assert {name: reader.cell(name, "state") for name in ("load", "stats.2012", "pay")} == {
        "load": "skipped",
        "stats.2012": "done",
        "pay": "skipped",
    }
    assert reader.cell("load", "why") == "Step was already played"
    assert '{"args": [false], "kwargs": {}}' in reader.text("#about")
    assert "stats (new <b>data</b>)" in reader.text("#about")


def test_the_timeline_has_a_part_for_each_run(reader: Reader) -> None:
    reader.scripted("for (const run of document.querySelectorAll('.run')) run.draw()")

    bars = "return [...document.querySelectorAll('.run')].map(run => run.querySelectorAll('.span').length)"
    assert reader.scripted(bars) == [1, 3, 8]
    assert reader.scripted("return document.querySelectorAll('.again').length") == 1
    assert reader.scripted("return document.querySelectorAll('.tick').length") == 5 + 4
    reader.scripted("document.querySelector('.run .span').click()")
    assert Select(reader.driver.find_element(By.ID, "run")).first_selected_option.text.endswith("failed")
    assert reader.focused() == "pay"


def test_it_asks_for_nothing_and_complains_of_nothing(reader: Reader) -> None:
    messages = [json.loads(entry["message"])["message"] for entry in reader.driver.get_log("performance")]
    asked = {
        message["params"]["request"]["url"].partition(":")[0]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    }

    assert asked <= {"file", "data"}
    assert "file" in asked
    assert said(reader.driver) == []
    assert reader.scripted("return performance.getEntriesByType('resource').length") == 0


def test_what_is_slipped_into_it_may_not_run(reader: Reader) -> None:
    reader.scripted(
        "const slipped = document.createElement('div'); slipped.innerHTML = '<img src=x onerror=\"window.owned = 1\">';"
        "document.body.append(slipped); const script = document.createElement('script');"
        "script.textContent = 'window.owned = 1'; document.body.append(script)"
    )

    assert reader.scripted("return window.owned === undefined")
    assert any("Content Security Policy" in message for message in said(reader.driver))


def test_it_is_read_on_a_phone_and_in_the_dark(reader: Reader) -> None:
    ground = "return getComputedStyle(document.body).backgroundColor"
    light = reader.scripted(ground)
    emulate(reader.driver, width=360, height=740, dark=True)
    reader.row("pay").click()

    assert reader.scripted(ground) != light
    assert reader.scripted("return document.documentElement.scrollWidth") <= 360
    assert reader.row("pay").find_element(By.CSS_SELECTOR, ".why").is_displayed()


@pytest.mark.parametrize("width", [320, 360, 740, 800, 1600])
def test_nothing_sticks_out(reader: Reader, width: int) -> None:
    emulate(reader.driver, width=width)
    reader.row("pay").click()

    sticking_out = (
        "const right = document.querySelector('main').getBoundingClientRect().right;"
        "return [...document.querySelectorAll('.row > *, .detail *, .callout, .track')]"
        ".filter(each => each.getBoundingClientRect().right > right).map(each => each.className)"
    )
    assert reader.scripted(sticking_out) == []
    assert reader.scripted("return document.documentElement.scrollWidth") <= width


def test_every_text_stands_out_from_its_ground(reader: Reader) -> None:
    for name in ("pay", "ask"):
        reader.row(name).click()
    light = reader.scripted(FAINT)
    emulate(reader.driver, dark=True)

    assert light == []
    assert reader.scripted(FAINT) == []


def test_it_is_printed_whole(reader: Reader) -> None:
    printed = reader.driver.print_page()

    assert len(printed) > 10_000
    assert reader.scripted("return document.querySelectorAll('.chart').length") == 3


def test_hostile_texts_are_only_shown(
    chromium: webdriver.Chrome, rewritten: Callable[..., Storage], page: Write
) -> None:
    steps = {
        name: {
            "state": "failed",
            "reasons": [name],
            "error": name,
            "traceback": name,
            "within": name,
            "dependents": [name],
        }
        for name in HOSTILE
    }
    evil = HOSTILE[0] + HOSTILE[3]
    error = {"type": evil, "message": evil, "traceback": evil}
    children = {evil: {"workflow": evil, "step": evil}}
    storage = rewritten(
        steps=steps, error=error, children=children, input={"args": list(HOSTILE)}, workflow=evil, force={evil: evil}
    )
    emulate(chromium)
    report = report_of(storage)
    report.runs[0]["steps"].append({"name": "half \ud800 a character", "state": "\udfff"})
    open_page(chromium, page(report))
    reader = Reader(chromium)
    Select(reader.driver.find_element(By.ID, "run")).select_by_index(1)
    reader.scripted("for (const row of [...document.querySelectorAll('.row.item')]) row.click()")
    names = reader.scripted("return [...document.querySelectorAll('.item .name .text')].map(each => each.textContent)")

    assert reader.scripted(
        "return [window.owned === undefined, document.querySelectorAll('img, main script').length]"
    ) == [True, 0]
    assert {HOSTILE[0], HOSTILE[1], HOSTILE[2], "turned \\u202e round", HOSTILE[4], "half \\ud800 a character"} <= set(
        names
    )
    assert {"__proto__", "constructor"} <= set(names)
    assert reader.scripted("return /[\\u202e\\u2066]/.test(document.body.innerText)") is False
    assert reader.scripted("return document.documentElement.scrollWidth") <= 1200
    assert said(chromium) == []


@pytest.mark.parametrize("form", ["flat{:04}", "part.flat{:04}", "a.{:04}.b"])
def test_thousands_of_steps_cost_nothing_until_they_are_seen(
    chromium: webdriver.Chrome, rewritten: Callable[..., Storage], page: Write, form: str
) -> None:
    at = "2026-11-20T12:00:{:02}Z"
    steps = {
        form.format(number): {
            "state": "completed",
            "started": at.format(number % 50),
            "finished": at.format(55),
            "seconds": 3,
        }
        for number in range(2_000)
    }
    storage = rewritten(steps=steps, started=at.format(0), finished=at.format(59))
    emulate(chromium)
    chromium.get("data:text/html,<title>empty</title>")
    empty = chromium.execute_script("return performance.timing.loadEventEnd - performance.timing.navigationStart")
    open_page(chromium, page(report_of(storage)))
    reader = Reader(chromium)
    whole = chromium.execute_script("return performance.timing.loadEventEnd - performance.timing.navigationStart")

    assert reader.scripted("return document.querySelectorAll('*').length") < 4_000
    assert whole - empty < 3_000  # it takes a tenth of that; a busy machine may need more
    reader.search("1999")
    assert any("1999" in name for name in reader.names())
    reader.press(Keys.ESCAPE)
    reader.driver.find_element(By.ID, "expand").click()
    reader.scripted("window.scrollTo(0, document.documentElement.scrollHeight)")
    reader.scripted("document.querySelector('.item').focus()")
    reader.press(Keys.END)
    assert reader.focused()
