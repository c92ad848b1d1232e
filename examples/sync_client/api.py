"""The few requests that a device sends."""

from typing import Any

import httpx  # allow raw-http: this is a client of the API, on its own host

from sync_client.kinds import Kind

CHANGES = """query ($since: String, $types: [String!], $first: Int) {
  changes(since: $since, types: $types, first: $first) { items { type id op } cursor hasMore resyncRequired }
}"""
PAGE = 250


class Offline(Exception):
    """Raised where there is no answer: what was sent may have arrived or not, and is sent again as it was."""


class Failed(Exception):
    """Raised for an answer that a device cannot do anything about; the message is the server's."""


class Api:
    """One company's API, asked with the token of one member."""

    def __init__(self, url: str, token: str, host: str = "") -> None:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"} | ({"Host": host} if host else {})
        self._http = httpx.Client(base_url=url, headers=headers, timeout=30)

    def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        """Return the data of an answer; raise Offline or Failed."""
        try:
            answer = self._http.post("/graphql", json={"query": document, "variables": variables})
        except httpx.TransportError as error:
            raise Offline(str(error)) from error
        if answer.status_code == 429 or answer.status_code >= 500:
            raise Offline(f"status {answer.status_code}")
        body = answer.json()
        if errors := body.get("errors"):
            raise Failed(errors[0]["message"])
        return body["data"]

    def changes(self, since: str | None, kinds: tuple[Kind, ...]) -> dict[str, Any]:
        """Return the next page of changes."""
        return self.ask(CHANGES, since=since, types=[kind.type for kind in kinds], first=PAGE)["changes"]

    def records(self, kind: Kind, ids: list[str]) -> list[dict[str, Any]]:
        """Return those of the given records that are there and in sight."""
        document = f"""query ($ids: [ID!], $first: Int) {{
            {kind.list}(filter: {{id: {{in: $ids}}}}, first: $first) {{ nodes {{ {kind.selection} }} }} }}"""
        return self.ask(document, ids=ids, first=PAGE)[kind.list]["nodes"] if ids else []

    def everything(self, kind: Kind) -> list[dict[str, Any]]:
        """Return all records of a kind, page by page."""
        document = f"""query ($after: String, $first: Int) {{ {kind.list}(after: $after, first: $first) {{
            nodes {{ {kind.selection} }} pageInfo {{ hasNextPage endCursor }} }} }}"""
        found: list[dict[str, Any]] = []
        after = None
        while True:
            page = self.ask(document, after=after, first=PAGE)[kind.list]
            found += page["nodes"]
            if not page["pageInfo"]["hasNextPage"]:
                return found
            after = page["pageInfo"]["endCursor"]

    def create(self, kind: Kind, key: str, values: dict[str, Any]) -> dict[str, Any]:
        """Create a record once, however often this is sent with the same key."""
        return self._mutate(kind, "create", f"node {{ {kind.selection} }}", key=key, input=values)

    def update(self, kind: Kind, key: str, id: str, version: int, values: dict[str, Any]) -> dict[str, Any]:
        """Change a record that is still at `version`."""
        return self._mutate(kind, "update", f"node {{ {kind.selection} }}", key=key, id=id, version=version, input=values)

    def delete(self, kind: Kind, key: str, id: str, version: int) -> dict[str, Any]:
        """Delete a record that is still at `version`."""
        return self._mutate(kind, "delete", "id", key=key, id=id, version=version)

    def _mutate(self, kind: Kind, verb: str, select: str, **given: Any) -> dict[str, Any]:
        name = kind.mutation(verb)
        types = {"key": "String", "id": "ID!", "version": "Int", "input": f"{kind.type}{verb.capitalize()}Input!"}
        declared = ", ".join(f"${each}: {types[each]}" for each in given)
        passed = ", ".join(f"{'idempotencyKey' if each == 'key' else each}: ${each}" for each in given)
        document = f"mutation ({declared}) {{ {name}({passed}) {{ {select} userErrors {{ code message field }} }} }}"
        return self.ask(document, **given)[name]
