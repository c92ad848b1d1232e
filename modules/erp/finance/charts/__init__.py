"""Charts of accounts as data of our own: accounts, journals, account map, closing rule and layouts."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class AccountRow:
    """One account of a chart; `marks` say what it controls or requires."""

    code: str
    name: str
    type: str
    marks: tuple[str, ...]
    parent: str


@dataclass(frozen=True)
class JournalRow:
    """One journal of a chart."""

    code: str
    name: str
    area: str
    word: str


@dataclass(frozen=True)
class LayoutRow:
    """One row of a report: the accounts whose codes begin so, or the sum of other rows."""

    key: str
    title: str
    accounts: tuple[str, ...]
    sum: tuple[str, ...]
    side: str
    bold: bool


@dataclass(frozen=True)
class Chart:
    """A whole chart, read from its file."""

    code: str
    name: str
    country: str
    series: str
    pattern: str
    close: str  # "month" or "year": how often income and expenses are closed
    close_to: str
    retained: str
    retention_years: int
    accounts: tuple[AccountRow, ...]
    journals: tuple[JournalRow, ...]
    map: dict[str, str]
    balance_sheet: tuple[LayoutRow, ...]
    income_statement: tuple[LayoutRow, ...]


def _layout(rows: list[dict]) -> tuple[LayoutRow, ...]:
    return tuple(
        LayoutRow(
            row["key"],
            row["title"],
            tuple(row.get("accounts", ())),
            tuple(row.get("sum", ())),
            row.get("side", "debit"),
            row.get("bold", False),
        )
        for row in rows
    )


def _accounts(rows: list[list[str]]) -> tuple[AccountRow, ...]:
    codes = [row[0] for row in rows]
    found = []
    for code, name, kind, *marks in rows:
        above = [other for other in codes if other != code and code.startswith(other)]
        found.append(AccountRow(code, name, kind, tuple(marks), max(above, key=len, default="")))
    return tuple(found)


# allow kept-in-process: a chart is a file of this package
@cache
def chart(code: str) -> Chart:
    """Return a chart by its code; raise LookupError where there is none."""
    if code not in charts():
        raise LookupError(code)
    data = tomllib.loads((FOLDER / f"{code}.toml").read_text(encoding="utf-8"))
    return Chart(
        code=code,
        name=data["name"],
        country=data.get("country", ""),
        series=data["series"],
        pattern=data["pattern"],
        close=data["close"],
        close_to=data["close_to"],
        retained=data["retained"],
        retention_years=data["retention_years"],
        accounts=_accounts(data["accounts"]),
        journals=tuple(JournalRow(*row) for row in data["journals"]),
        map=data["map"],
        balance_sheet=_layout(data["balance_sheet"]),
        income_statement=_layout(data["income_statement"]),
    )


# allow kept-in-process: the files of this package
@cache
def charts() -> tuple[str, ...]:
    """Return the codes of all charts."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.toml")))


def chart_for(country: str) -> str:
    """Return the chart made for a country; the US-style one where there is none."""
    return next((code for code in charts() if chart(code).country == country and country), "us")
