"""The results: a file that is committed, and a table to read."""

import json
from pathlib import Path
from typing import Any

from tessera.embedded.workspace import checkout

FILE = checkout() / "docs" / "benchmarks.json"
Row = dict[str, Any]


def save(rows: list[Row], path: str | Path, *, partly: bool) -> None:
    """Write the rows; `partly` keeps those of other benchmarks that the file holds."""
    file = Path(path)
    known = json.loads(file.read_text()) if partly and file.exists() else []
    new = {row["name"]: row for row in rows}
    kept = [new.pop(row["name"], row) for row in known]
    file.write_text(json.dumps([*kept, *new.values()], indent=2, ensure_ascii=False) + "\n")


def table(rows: list[Row]) -> str:
    """Return the rows as text in columns."""
    cells = [("benchmark", "value", "floor", "", "ratio", "goal", "n"), *map(_cells, rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(7)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return "\n".join(lines)


def _cells(row: Row) -> tuple[str, ...]:
    verdict = "" if row["ratio"] >= row["goal"] else "  below"
    ratio = f"{row['ratio']:.3f}{verdict}"
    return (row["name"], f"{row['value']:g}", f"{row['baseline']:g}", row["unit"], ratio, f"{row['goal']:g}", str(row["n"]))
