"""The floors of the list of customers: a bare WSGI application that makes JSON of one statement's rows, or sends on another's bytes."""

import os
import threading
from base64 import b64encode
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import orjson
import psycopg

CUSTOMERS = """
SELECT p.id, p.code, p.name, p.kind, c.kind, c.value, o.id, o.number, o.state, o.document_date, o.gross_total, o.currency
FROM (
    SELECT id, code, name, kind FROM base_party
    WHERE %(name)s::text IS NULL OR (name >= %(name)s AND (name > %(name)s OR id > %(id)s::uuid)) ORDER BY name, id LIMIT 50
) p
LEFT JOIN LATERAL (
    SELECT id, kind, value FROM base_contactpoint WHERE party_id = p.id ORDER BY id DESC LIMIT 1
) c ON true
LEFT JOIN LATERAL (
    SELECT id, number, state, document_date, gross_total, currency FROM orders_salesorder
    WHERE party_id = p.id ORDER BY document_date DESC, id DESC LIMIT 3
) o ON true
ORDER BY p.name, p.id, o.document_date DESC, o.id DESC
"""
_own = threading.local()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer `/customers?name=...&id=...` with the page after that customer, `/statement?page=...` by the product's statement."""
    body = b"ok"
    if environ["PATH_INFO"] == "/statement":
        body = sent_on(_connection(), int(parse_qs(environ["QUERY_STRING"])["page"][0]))
    if environ["PATH_INFO"] == "/customers":
        asked = parse_qs(environ.get("QUERY_STRING", ""))
        body = orjson.dumps({"data": customers(_connection(), asked.get("name", [None])[0], asked.get("id", [None])[0])})
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def _connection() -> psycopg.Connection:
    if not hasattr(_own, "connection"):
        options = f"-c search_path={os.environ['BENCH_SCHEMA']},ext"
        _own.connection = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True, prepare_threshold=0, options=options)
    return _own.connection


@cache
def _statement() -> dict[str, Any]:
    return orjson.loads(Path(os.environ["BENCH_STATEMENT"]).read_bytes())


def sent_on(connection: psycopg.Connection, page: int) -> bytes:
    """Return the page as the database wrote it."""
    known = _statement()
    found = psycopg.RawCursor(connection).execute(known["text"], known["values"][page]).pgresult
    page_as_json = found and found.get_value(0, 0)
    assert page_as_json
    return b'{"data":{"parties":%b}}' % page_as_json


def customers(connection: psycopg.Connection, name: str | None, key: str | None) -> dict[str, Any]:
    """Return the page as the product answers it."""
    nodes: list[dict[str, Any]] = []
    last: UUID | None = None
    orders: list[dict[str, Any]] = []
    for row in connection.execute(CUSTOMERS, {"name": name, "id": key}):
        if row[0] != last:
            last, orders = row[0], []
            contacts = [] if row[4] is None else [{"kind": row[4].upper(), "value": row[5]}]
            nodes.append(
                {
                    "id": identified("Party", last),
                    "code": row[1],
                    "name": row[2],
                    "kind": row[3].upper(),
                    "contactPoints": {"nodes": contacts},
                    "salesOrders": {"nodes": orders},
                }
            )
        if row[6] is not None:
            orders.append(_order(*row[6:]))
    return {"parties": {"nodes": nodes}}


def _order(key: UUID, number: str | None, state: str, on: date, total: Decimal, currency: str) -> dict[str, Any]:
    return {
        "id": identified("SalesOrder", key),
        "number": number,
        "state": state,
        "documentDate": on.isoformat(),
        "grossTotal": f"{total:f}".rstrip("0").rstrip("."),
        "currency": currency,
    }


def identified(kind: str, key: UUID) -> str:
    """Return the id under which the product shows a row."""
    return b64encode(f"{kind}:{key}".encode()).decode()
