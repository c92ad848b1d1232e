"""The ASGI application: `/graphql/stream` on every company's host, `/health` on all."""

import asyncio  # allow raw-thread: this is the loop that serves the streams
import contextlib
import io
import signal
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse
from tessera.errors import ApiError
from tessera.graph.answers import refusal

from frontend_api.health import health
from frontend_api.http import BODY, GRAPHQL, reply
from frontend_api.streams.admission import admit
from frontend_api.streams.hub import Hub
from frontend_api.streams.stream import BEAT, Stream
from tenants.middleware import unknown_host

HEARTBEAT = 15.0  # seconds
STUCK = 60.0  # seconds in which a client takes nothing of what is sent
OPENED = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # a proxy is to pass on each event as it comes
]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Coroutine[Any, Any, None]]


class Application:
    """One process of streams."""

    def __init__(self) -> None:
        self.hub: Hub | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self.hub = Hub()
                self.hub.start()
                end_on_terminate(self.hub)
                await send({"type": "lifespan.startup.complete"})
            else:
                assert self.hub is not None
                await self.hub.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _serve(self, scope: Message, receive: Receive, send: Send) -> None:
        assert self.hub is not None
        answers = {"/health": health, "/graphql/stream": admit}
        body = await _body(receive)
        request = ASGIRequest(scope, io.BytesIO(body))
        answer = await self.hub.run(answers.get(scope["path"], _nothing), request)
        if isinstance(answer, Stream):
            try:
                self.hub.add(answer)
            except ApiError as error:
                answer = reply(refusal(error), GRAPHQL)
        if isinstance(answer, HttpResponse):
            await _respond(answer, send)
            return
        try:
            await _stream(answer, receive, send)
        finally:
            self.hub.remove(answer)


def end_on_terminate(hub: Hub) -> None:
    """End the streams when the process is told to stop: the server waits for open ones before it says so to the application.

    The server hears of the signal as before, by a byte in the loop's pipe. That byte is lost where the pipe is full, as when
    hundreds hang up at once, so the signal is raised once more.
    """
    loop = asyncio.get_running_loop()

    def end() -> None:
        hub.end_all()
        loop.call_later(1, signal.raise_signal, signal.SIGTERM)

    def told(*_: Any) -> None:
        signal.signal(signal.SIGTERM, lambda *_: None)
        loop.call_soon_threadsafe(end)

    signal.signal(signal.SIGTERM, told)


def _nothing(_request: HttpRequest) -> HttpResponse:
    return unknown_host()


async def _body(receive: Receive) -> bytes:
    """Return the body of a request, or the beginning of one that is too long: it is refused by its length then."""
    parts, length, more = [], 0, True
    while more and length <= BODY:
        message = await receive()
        parts.append(message.get("body", b""))
        length += len(parts[-1])
        more = message.get("more_body", False)
    return b"".join(parts)


async def _respond(response: HttpResponse, send: Send) -> None:
    headers = [(name.lower().encode(), value.encode()) for name, value in response.items()]
    headers += [(b"set-cookie", cookie.OutputString().encode()) for cookie in response.cookies.values()]
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": response.content})


async def _stream(stream: Stream, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": OPENED})
    await send({"type": "http.response.body", "body": BEAT, "more_body": True})
    gone = asyncio.create_task(_until_gone(receive))
    gone.add_done_callback(lambda _task: stream.end())
    try:
        while not (stream.ended and not stream.waiting):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stream.wake.wait(), HEARTBEAT)
            stream.wake.clear()
            frames = [stream.waiting.popleft() for _ in range(len(stream.waiting))] or ([] if stream.ended else [BEAT])
            for frame in frames:
                await asyncio.wait_for(send({"type": "http.response.body", "body": frame, "more_body": True}), STUCK)
        if not gone.done():
            await send({"type": "http.response.body", "body": b"", "more_body": False})
    except TimeoutError:
        pass  # nobody reads: to hang up is all that is left
    finally:
        gone.cancel()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
