"""A person at the public HTTP API: one host, one token, GraphQL in and out."""

from typing import Any

import httpx  # allow raw-http: the story is a client of this very machine


class StoryFailed(Exception):
    """Raised when an answer is not what the story expects; the message says what came back."""


class Client:
    """Speak to one host of the server at `address` (127.0.0.1:port), as one person."""

    def __init__(self, address: str, host: str, token: str = "") -> None:
        self.address, self.host, self.token = address, host, token
        self._http = httpx.Client(base_url=f"http://{address}", timeout=60, follow_redirects=False)

    def _send(self, method: str, path: str, **content: Any) -> httpx.Response:
        headers = {"Host": self.host, "Accept": "application/json"}
        headers |= {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return self._http.request(method, path, headers=headers, **content)

    def post(self, path: str, body: Any, *, expect: int = 200) -> dict[str, Any]:
        """Send JSON and return JSON; fail unless the status is `expect`."""
        answer = self._send("POST", path, json=body)
        if answer.status_code != expect:
            raise StoryFailed(f"POST {path} on {self.host} answered {answer.status_code}: {answer.text[:600]}")
        return answer.json()

    def get(self, path: str, *, expect: int = 200) -> httpx.Response:
        """Fetch a page; fail unless the status is `expect`."""
        answer = self._send("GET", path)
        if answer.status_code != expect:
            raise StoryFailed(f"GET {path} on {self.host} answered {answer.status_code}: {answer.text[:600]}")
        return answer

    def submit(self, path: str, fields: dict[str, str]) -> None:
        """Send a form of a page that needs no cookie; fail unless it is taken."""
        answer = self._send("POST", path, data=fields)
        if answer.status_code != 200:
            raise StoryFailed(f"POST {path} on {self.host} answered {answer.status_code}: {answer.text[:600]}")

    def query(self, document: str, **variables: Any) -> dict[str, Any]:
        """Run a GraphQL document and return its data; fail on any error."""
        answer = self.post("/graphql", {"query": document, "variables": variables})
        if answer.get("errors"):
            raise StoryFailed(f"{document.strip().splitlines()[0][:120]}: {answer['errors']}")
        return answer["data"]

    def run(self, mutation: str, select: str = "id", **arguments: Any) -> dict[str, Any]:
        """Run one mutation with literal arguments; return its node, fail on user errors.

        `arguments` become GraphQL literals, so that the story reads like what a client would write;
        `select` is the selection inside `node`.
        """
        payload = self.payload(mutation, f"node {{ {select} }}", **arguments)
        if payload["userErrors"]:
            raise StoryFailed(f"{mutation}: {payload['userErrors']}")
        return payload["node"]

    def payload(self, mutation: str, select: str, **arguments: Any) -> dict[str, Any]:
        """Run one mutation and return its whole payload, user errors included."""
        given = ", ".join(f"{name}: {literal(value)}" for name, value in arguments.items() if value is not None)
        document = f"mutation {{ {mutation}({given}) {{ {select} userErrors {{ field code message }} }} }}"
        return self.query(document)[mutation]


class Enum(str):
    """A GraphQL enum value, written without quotes."""


def literal(value: Any) -> str:
    """Write a Python value as a GraphQL literal."""
    if isinstance(value, Enum):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {literal(v)}" for k, v in value.items() if v is not None) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(literal(each) for each in value) + "]"
    import json

    return json.dumps(str(value), ensure_ascii=False)
