"""The main job: four years of Seattle's weather, from a file of observations to a report and a chart.

    load ── clean ──┬── stats.2012 ... stats.2015 ── report
                    └── chart

    $ python weather.py
    weather-report/report.md
    weather-report/chart.svg

Run it again and nothing is done again. Ask for a step, and it runs with all that depends on it: `--force stats` does
the four years and the report, `--force stats.2014` one year and the report, `--force clean` all but the loading. With
`--storage "s3://bucket?endpoint_url=..."` the markers and results are kept in a bucket instead of `.simpleflow`.
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby, pairwise
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from simpleflow_steps import Group, LocalExecutor, Workflow, WorkflowStepMixin, activity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OBSERVATIONS = Path(__file__).parent / "data" / "seattle-weather.csv"
OUT = Path("weather-report")
YEARS = range(2012, 2016)


@dataclass(frozen=True)
class Day:
    """One day: rain in mm, its highest and lowest temperature in °C."""

    date: date
    rain: float
    high: float
    low: float


@dataclass(frozen=True)
class YearStats:
    """What is worth telling about a year."""

    year: int
    rain: float
    wet_days: int
    longest_dry_spell: int
    mean_high: float
    mean_low: float
    hottest: Day
    coldest: Day


@dataclass(frozen=True)
class Files:
    """What the workflow leaves for people to look at."""

    report: Path
    chart: Path


class Weather(Workflow, WorkflowStepMixin):
    """Each step names the steps that depend on it; a future hands one step's result to the next."""

    name = "weather"

    def run(self, observations: Path = OBSERVATIONS, out: Path = OUT) -> Files:
        rows = self.submit(self.step("load", (load, observations), force_steps_if_executed=["clean"]))
        days = self.submit(self.step("clean", (clean, rows), force_steps_if_executed=["stats", "chart"]))
        years = [
            self.step(f"stats.{year}", (describe, year, days), force_steps_if_executed=["report"]) for year in YEARS
        ]
        stats = self.submit(Group(*years))
        report = self.submit(self.step("report", (write_report, stats, out)))
        chart = self.submit(self.step("chart", (draw_chart, days, out)))
        return Files(report.result, chart.result)


@activity.with_attributes()
def load(observations: Path) -> list[dict[str, str]]:
    """Read the file as it is."""
    with observations.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@activity.with_attributes()
def clean(rows: list[dict[str, str]]) -> list[Day]:
    """Make numbers of texts, and see to it that every day is there once, and in order."""
    days = sorted((_day(row) for row in rows), key=lambda day: day.date)
    for before, after in pairwise(days):
        if after.date - before.date != timedelta(days=1):
            raise ValueError(f"{before.date} is followed by {after.date}")
    return days


@activity.with_attributes()
def describe(year: int, days: list[Day]) -> YearStats:
    """Sum a year up. The file's own word for the weather is not used: it calls 77 days with rain sunny."""
    found = [day for day in days if day.date.year == year]
    dry_spells = (len(list(spell)) for dry, spell in groupby(found, key=lambda day: day.rain == 0) if dry)
    return YearStats(
        year=year,
        rain=round(sum(day.rain for day in found), 1),
        wet_days=sum(day.rain > 0 for day in found),
        longest_dry_spell=max(dry_spells),
        mean_high=round(fmean(day.high for day in found), 1),
        mean_low=round(fmean(day.low for day in found), 1),
        hottest=max(found, key=lambda day: day.high),
        coldest=min(found, key=lambda day: day.low),
    )


@activity.with_attributes()
def write_report(years: list[YearStats], out: Path) -> Path:
    """Write a table, a line for each year."""
    titles = ["Year", "Rain", "Wet days", "Longest dry spell", "Mean high / low", "Hottest day", "Coldest day"]
    rows = [titles, ["---"] + ["---:"] * 4 + ["---"] * 2, *map(_row, years)]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    wettest = max(years, key=lambda year: year.rain)
    text = f"# The weather of Seattle\n\n{table}\n\n{wettest.year} was the wettest year.\n\n![Chart](chart.svg)\n"
    return _write(out / "report.md", text)


@activity.with_attributes()
def draw_chart(days: list[Day], out: Path) -> Path:
    """Draw the temperatures and the rain of each month as SVG, which any browser shows."""
    return _write(out / "chart.svg", Chart(days).draw())


def _day(row: dict[str, str]) -> Day:
    day = Day(
        date.fromisoformat(row["date"]), float(row["precipitation"]), float(row["temp_max"]), float(row["temp_min"])
    )
    if day.rain < 0 or day.low > day.high:
        raise ValueError(f"{day} cannot be")
    return day


def _row(year: YearStats) -> list[str]:
    hot, cold = year.hottest, year.coldest
    return [
        str(year.year),
        f"{year.rain:.0f} mm",
        str(year.wet_days),
        f"{year.longest_dry_spell} days",
        f"{year.mean_high} / {year.mean_low} °C",
        f"{hot.date:%d %b}, {hot.high} °C",
        f"{cold.date:%d %b}, {cold.low} °C",
    ]


def _write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


@dataclass(frozen=True)
class Panel:
    """A part of the chart with a scale of its own: its title, its top and height in pixels, its values."""

    title: str
    top: int
    height: int
    lowest: float
    ticks: tuple[int, ...]

    def y(self, value: float) -> float:
        """Give the place of a value, in pixels from the top of the chart."""
        share = (value - self.lowest) / (self.ticks[-1] - self.lowest)
        return round(self.top + self.height * (1 - share), 1)


class Chart:
    """A band from the mean low to the mean high of each month, and under it a bar for the month's rain."""

    left, right, step = 44, 944, 18.75  # in pixels; the last is the width of a month
    heat = Panel("Temperature, °C", top=104, height=216, lowest=-3, ticks=(0, 10, 20, 30))
    rain = Panel("Rain, mm a month", top=376, height=124, lowest=0, ticks=(0, 100, 200, 300))
    ink, soft, grid, wet = "#1f2933", "#5f6c78", "#e3e8ec", "#3a8fb7"
    warm, mild, cold = "#d4582a", "#f6e3c0", "#2f6f9f"

    def __init__(self, days: list[Day]) -> None:
        months = [list(month) for _, month in groupby(days, key=lambda day: day.date.replace(day=1))]
        self.months = [month[0].date for month in months]
        self.highs = [fmean(day.high for day in month) for month in months]
        self.lows = [fmean(day.low for day in month) for month in months]
        self.rains = [sum(day.rain for day in month) for month in months]

    def draw(self) -> str:
        """Put the parts together."""
        font = f'font-family="system-ui, Helvetica, Arial, sans-serif" font-size="12" fill="{self.ink}"'
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 548" width="960" height="548" {font}>',
                "<title>The weather of Seattle by month</title>",
                '<rect width="960" height="548" fill="#ffffff"/>',
                *self._title(),
                *self._axes(self.heat),
                *self._axes(self.rain),
                *self._years(),
                *self._band(),
                *self._bars(),
                "</svg>\n",
            ]
        )

    def _title(self) -> Iterator[str]:
        first, last = self.months[0].year, self.months[-1].year
        yield _text(self.left, 36, f"The weather of Seattle, {first} to {last}", 'font-size="20" font-weight="600"')
        yield _text(self.left, 56, "Means and sums of daily observations. Source: NOAA.", f'fill="{self.soft}"')
        for x, height, colour, label in (
            (672, 3, self.warm, "mean high"),
            (776, 3, self.cold, "mean low"),
            (876, 12, self.wet, "rain"),
        ):
            yield f'<rect x="{x}" y="{52 - height / 2}" width="18" height="{height}" rx="1.5" fill="{colour}"/>'
            yield _text(x + 25, 56, label)

    def _axes(self, panel: Panel) -> Iterator[str]:
        yield _text(self.left, panel.top - 10, panel.title, 'font-weight="600"')
        for tick in panel.ticks:
            y = panel.y(tick)
            yield f'<path d="M{self.left} {y}H{self.right}" stroke="{self.grid if tick else self.soft}"/>'
            yield _text(self.left - 8, y + 4, str(tick), f'text-anchor="end" fill="{self.soft}"')

    def _years(self) -> Iterator[str]:
        bottom = self.rain.y(0)
        for index, month in enumerate(self.months):
            small = f'text-anchor="middle" font-size="10" fill="{self.soft}"'
            yield _text(self._x(index), bottom + 15, f"{month:%b}"[0], small)
            if month.month == 1:
                start = self.left + index * self.step
                yield _text(start + 6 * self.step, bottom + 34, str(month.year), 'text-anchor="middle"')
                heat = f"M{start} {self.heat.top}v{self.heat.height}"
                yield f'<path d="{heat}M{start} {self.rain.top}V{bottom + 36}" stroke="{self.grid}"/>'

    def _band(self) -> Iterator[str]:
        highs = [f"{self._x(index)} {self.heat.y(high)}" for index, high in enumerate(self.highs)]
        lows = [f"{self._x(index)} {self.heat.y(low)}" for index, low in enumerate(self.lows)]
        ends = f'x1="0" x2="0" y1="{self.heat.y(28)}" y2="{self.heat.y(0)}"'
        yield f'<linearGradient id="heat" gradientUnits="userSpaceOnUse" {ends}>'
        stops = enumerate((self.warm, self.mild, self.cold))
        yield from (f'<stop offset="{offset / 2}" stop-color="{colour}"/>' for offset, colour in stops)
        yield "</linearGradient>"
        yield f'<path d="M{"L".join([*highs, *reversed(lows)])}Z" fill="url(#heat)" fill-opacity="0.4"/>'
        for line, colour in ((highs, self.warm), (lows, self.cold)):
            stroke = f'stroke="{colour}" stroke-width="2.5" stroke-linejoin="round"'
            yield f'<path d="M{"L".join(line)}" fill="none" {stroke}/>'
        yield self._note(self.heat, self.highs, max, "{:.1f} °C", right=-12, down=0)
        yield self._note(self.heat, self.lows, min, "{:.1f} °C", right=0, down=21)

    def _bars(self) -> Iterator[str]:
        for index, rain in enumerate(self.rains):
            x, y = self._x(index) - 6.5, self.rain.y(rain)
            bar = f'x="{x}" y="{y}" width="13" height="{round(self.rain.y(0) - y, 1)}" rx="1.5" fill="{self.wet}"'
            yield f"<rect {bar}><title>{self.months[index]:%B %Y}: {rain:.0f} mm</title></rect>"
        yield self._note(self.rain, self.rains, max, "{:.0f} mm", right=-12, down=9)

    def _note(
        self, panel: Panel, values: list[float], pick: Callable[..., float], form: str, *, right: int, down: int
    ) -> str:
        """Name the highest or the lowest of the values, so many pixels beside it."""
        value = pick(values)
        index = values.index(value)
        anchor = "middle" if right == 0 else "start" if right > 0 else "end"
        text = f"{self.months[index]:%b %Y}: {form.format(value)}"
        return _text(self._x(index) + right, panel.y(value) + down, text, f'text-anchor="{anchor}"')

    def _x(self, index: int) -> float:
        return round(self.left + (index + 0.5) * self.step, 1)


def _text(x: float, y: float, text: str, attributes: str = "") -> str:
    return f'<text x="{x}" y="{y}" {attributes}>{text}</text>'


def main() -> None:
    """Run the workflow, as `sfs run weather:Weather --workflow-id seattle-weather` does."""
    parser = argparse.ArgumentParser(description="Report on the weather of Seattle.")
    parser.add_argument("--storage", help="where the markers live (default: the directory .simpleflow)")
    parser.add_argument("--force", metavar="STEP", action="append", default=[], help="run a step although it is done")
    parser.add_argument("--out", type=Path, default=OUT, help="where the files go (default: %(default)s)")
    given = parser.parse_args()
    executor = LocalExecutor(Weather, storage=given.storage, workflow_id="seattle-weather", force=given.force)
    files = executor.run(OBSERVATIONS, given.out)
    print(files.report, files.chart, sep="\n")


if __name__ == "__main__":
    main()
