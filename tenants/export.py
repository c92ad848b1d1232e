"""Write tables of the tenant in force to a zip: one JSON object per line, one file per table."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from django.db import connections

CHUNK = 2000


@dataclass(frozen=True)
class Content:
    """A file to be put into an export, as it is."""

    path: str
    chunks: Iterable[bytes]


def write_export(target: Path, tables: Iterable[str], about: dict[str, Any], contents: Iterable[Content] = ()) -> dict[str, Any]:
    """Write `tables` and `contents` to `target` with a manifest.json: rows and SHA-256 per table, which are returned, and `about`.

    The file appears whole and synced, or not at all. Call it inside the transaction whose view it is to show.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(".part")
    try:
        with ZipFile(draft, "w", ZIP_DEFLATED) as archive:
            files = {f"{table}.jsonl": _write_table(archive, table) for table in tables}
            for content in contents:
                with archive.open(content.path, "w", force_zip64=True) as file:
                    for chunk in content.chunks:
                        file.write(chunk)
            archive.writestr("manifest.json", json.dumps({**about, "files": files}, indent=1, ensure_ascii=False))
        with draft.open("rb") as written:
            os.fsync(written.fileno())
        draft.rename(target)
    finally:
        draft.unlink(missing_ok=True)
    return files


def _write_table(archive: ZipFile, table: str) -> dict[str, Any]:
    digest, count = hashlib.sha256(), 0
    with archive.open(f"{table}.jsonl", "w", force_zip64=True) as file:
        for line in _rows(table):
            data = line.encode() + b"\n"
            digest.update(data)
            file.write(data)
            count += 1
    return {"rows": count, "sha256": digest.hexdigest()}


def _rows(table: str) -> Iterator[str]:
    """Yield the rows of a table as JSON in a stable order, without holding them all."""
    connection = connections["default"]
    name = connection.ops.quote_name(table)
    with connection.chunked_cursor() as cursor:
        cursor.execute(f"SELECT to_jsonb(t)::text FROM {name} t ORDER BY 1")  # noqa: S608 (quoted, from the catalogue)
        while rows := cursor.fetchmany(CHUNK):
            yield from (line for (line,) in rows)
