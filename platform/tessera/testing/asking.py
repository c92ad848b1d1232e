"""Ask the API in the process: in the tenant, as the actor and with the modules that are entered."""

import json
from typing import Any

from tessera.graph.answers import answer_here
from tessera.graph.ids import encode
from tessera.graph.requests import Request


def ask(text: str, **variables: Any) -> dict[str, Any]:
    """Return the body of the answer, as a client would read it."""
    response = answer_here(Request(text, variables))
    return json.loads(json.dumps(response.body, default=_fragment))


def _fragment(value: Any) -> Any:
    import orjson

    return json.loads(orjson.dumps(value))


def done(text: str, **variables: Any) -> dict[str, Any]:
    """Run the one mutation of a document, which must succeed; return its node."""
    body = ask(text, **variables)
    assert "errors" not in body, body
    (payload,) = body["data"].values()
    assert payload["userErrors"] == [], payload
    return payload["node"]


def refusals(text: str, **variables: Any) -> list[tuple[str, str]]:
    """Run the one mutation of a document, which must be refused; return codes and fields."""
    (payload,) = ask(text, **variables)["data"].values()
    assert payload["userErrors"], payload
    return [(error["code"], ".".join(error["field"])) for error in payload["userErrors"]]


def id_of(row: Any) -> str:
    """Return the id of a row, as the API spells it."""
    return encode(type(row).__name__, row.pk)


def told(field: str, given: str, shown: str = "id") -> tuple[Any, list[tuple[str, str]]]:
    """Run a mutation with arguments as they are written; return its node, and (code, field) of what was wrong."""
    body = ask(f"mutation {{ {field}({given}) {{ node {{ {shown} }} userErrors {{ code field }} }} }}")
    assert "errors" not in body, body
    payload = body["data"][field]
    return payload["node"], [(error["code"], error["field"][-1]) for error in payload["userErrors"]]


def codes(body: dict[str, Any]) -> list[str]:
    """Return the codes of the errors in an answer."""
    return [error["extensions"]["code"] for error in body.get("errors", ())]
