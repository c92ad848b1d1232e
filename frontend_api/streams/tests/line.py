"""A client of the streams: one request that stays open, and the events that come on it."""

import json
from typing import Any

import httpx

CHANGED = "subscription ($types: [String!], $since: String) { changed(types: $types, since: $since) { type id op cursor } }"


class Line:
    """One open line; `since` and `last` are where it begins."""

    def __init__(
        self, url: str, host: str, secret: str = "", *, query: str = CHANGED, last: str = "", body: Any = None, **variables: Any
    ) -> None:
        self.secret = secret
        headers = {"Host": host, "Accept": "text/event-stream", "Content-Type": "application/json"}
        headers |= {"Authorization": f"Bearer {secret}"} if secret else {}
        headers |= {"Last-Event-ID": last} if last else {}
        self._http = httpx.Client(timeout=60, verify=False)  # nothing is encrypted here, and to load certificates takes long
        content = json.dumps(body or {"query": query, "variables": variables})
        self._sent = self._http.stream("POST", f"{url}/graphql/stream", headers=headers, content=content)
        self.response = self._sent.__enter__()
        self.status = self.response.status_code
        self.position = ""  # the cursor of the last event
        self._lines = self.response.iter_lines() if self.status == 200 else iter(())

    def frame(self) -> dict[str, str]:
        """Return the next frame, comments left out; {} at the end."""
        found: dict[str, str] = {}
        for line in self._lines:
            if line.startswith(":"):
                continue
            if line:
                name, _, value = line.partition(":")
                found[name] = value.strip()
            elif found:
                self.position = found.get("id", self.position)
                return found
        return {}

    def opened(self) -> str:
        """Wait until the line is listened to; return the cursor from which it tells."""
        assert self.status == 200, self.response.read()
        frame = self.frame()
        assert frame.keys() == {"id"}, frame
        return frame["id"]

    def change(self) -> dict[str, Any]:
        """Return the next change."""
        frame = self.frame()
        assert frame.get("event") == "next", frame
        body = json.loads(frame["data"])
        assert "errors" not in body, body
        return body["data"]["changed"]

    def ended(self) -> dict[str, Any]:
        """Return why the line ends, which it must."""
        error = json.loads(self.frame()["data"])["errors"][0]["extensions"]
        assert self.frame() == {"event": "complete", "data": ""}
        assert self.frame() == {}
        return error

    def refused(self) -> tuple[int, str]:
        """Return the status and the code of a line that was not opened."""
        return self.status, json.loads(self.response.read())["errors"][0]["extensions"]["code"]

    def close(self) -> None:
        """Hang up."""
        self._sent.__exit__(None, None, None)
        self._http.close()
