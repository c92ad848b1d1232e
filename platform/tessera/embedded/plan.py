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
    name of the port, which the workspace numbers. `{port}`, `{web}` (the web server's), `{home}`, `{run}` and `{python}` in a
    command are filled in.

    One that stands in for somebody else's server is started by `make up` alone, and not where the environment sets the variable
    that it is `instead_of`. `tells` is what it adds to the environment of all processes; `first` are the steps that it needs once,
    kept in mind in `{home}/<name>` beside its data; `hint` is told once everything is up, with `{address}` in it.
    """

    name: str
    command: tuple[str, ...]
    health: str = ""
    says: str = ""
    port: str = "web"
    instead_of: str = ""
    tells: tuple[tuple[str, str], ...] = ()
    first: tuple[Step, ...] = ()
    hint: str = ""


@dataclass(frozen=True)
class Plan:
    """Everything in order: `before` on every start, the services, `first` when this database has no story yet.

    `hints` are told once everything is up; `{url}` in them is where, `{streams}` where the streams are.
    """

    before: tuple[Step, ...]
    services: tuple[Service, ...]
    first: tuple[Step, ...] = ()
    hints: tuple[str, ...] = ()

    def only_services(self) -> "Plan":
        """Return the same without what only `make up` has: first steps, hints, and servers that stand in for others."""
        return Plan(self.before, tuple(service for service in self.services if not service.instead_of))


MANAGE = ("{python}", "manage.py")
STRIPE_KEY, STRIPE_SECRET = "sk_test_local", "whsec_local"  # nobody's: the local Stripe moves no money
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
        Service(
            "stripe",
            (
                *("{python}", "-m", "billing.local_stripe", "--port", "{port}", "--data", "{home}/stripe/rows.json"),
                *("--webhook-url", "http://localhost:{web}/stripe/webhook", "--webhook-secret", STRIPE_SECRET),
                *("--api-key", STRIPE_KEY),
            ),
            says="The local Stripe answers",
            port="stripe",
            instead_of="STRIPE_API_KEY",
            tells=(
                ("STRIPE_API_KEY", STRIPE_KEY),
                ("STRIPE_WEBHOOK_SECRET", STRIPE_SECRET),
                ("STRIPE_API_BASE", "http://127.0.0.1:{port}"),
            ),
            first=(Step("prices", (*MANAGE, "billing", "sync")),),
            hint="STRIPE_API_KEY is not set: a local Stripe at {address} takes test cards and no money",
        ),
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
