"""What a running Tessera consists of: steps that end and services that stay, as data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """A command that has to succeed before what follows; `shown` lets its output through to the terminal."""

    name: str
    command: tuple[str, ...]
    shown: bool = False


@dataclass(frozen=True)
class Service:
    """A command that stays up, and how one knows that it is.

    `health` is a path that answers 200 on its port, `says` a text in its log; one of both tells when it is up. `port` is the
    name of the port, which the workspace numbers. `{port}`, `{run}` and `{python}` in a command are filled in.
    """

    name: str
    command: tuple[str, ...]
    health: str = ""
    says: str = ""
    port: str = "web"


@dataclass(frozen=True)
class Plan:
    """Everything in order: `before` on every start, the services, `first` when this database has no story yet.

    `hints` are told once everything is up; `{url}` in them is where, `{streams}` where the streams are.
    """

    before: tuple[Step, ...]
    services: tuple[Service, ...]
    first: tuple[Step, ...] = ()
    hints: tuple[str, ...] = ()


MANAGE = ("{python}", "manage.py")
CELERY = ("{python}", "-m", "celery", "-A", "tessera.celery")

TESSERA = Plan(
    before=(Step("migrate", (*MANAGE, "migrate", "--database", "shared")),),
    services=(
        Service(
            "web",
            (
                *("{python}", "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", "{port}"),
                *("--workers", "2", "--respawn-failed-workers", "tessera.wsgi:application"),
            ),
            health="/health",
        ),
        Service(
            "streams",
            (
                *("{python}", "-m", "granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", "{port}"),
                # A stream is a request that stays: it must not be among those that the server lets wait, 1,024 by default.
                *("--workers", "1", "--backpressure", "16384", "--workers-kill-timeout", "5", "--respawn-failed-workers"),
                "frontend_api.asgi:application",
            ),
            health="/health",
            port="streams",
        ),
        # One worker has no neighbours to look for.
        Service("worker", (*CELERY, "worker", "-c", "2", "-l", "INFO", "--without-mingle", "--without-gossip"), says=" ready."),
        # What waits for receivers that are not ours waits beside the rest.
        Service(
            "webhooks",
            (
                *(*CELERY, "worker", "-Q", "webhooks", "-P", "threads", "-c", "6", "-l", "INFO", "-n", "webhooks@%h"),
                *("--without-mingle", "--without-gossip"),
            ),
            says=" ready.",
        ),
        Service("relay", (*MANAGE, "relay"), says="relay ready."),
        Service("beat", (*CELERY, "beat", "-l", "INFO", "--schedule", "{run}/beat", "--pidfile", ""), says="beat: Starting..."),
    ),
    first=(
        Step("ready schemas", (*MANAGE, "prepare")),  # afterwards the clock refills them
        Step("story", (*MANAGE, "story", "--keep"), shown=True),
    ),
    hints=(
        "sign in as one of them at {url}account/login/, or sign a company of yours up at {url}signup",
        "letters that would have been sent are at {url}dev/mail",
        "a first query over the API: docs/learn/get-started.md",
        "subscriptions are streams at {streams}graphql/stream, on the host of a company",
        "Ctrl-C here or `make stop` ends it, `make up` starts it again with everything kept",
    ),
)
