"""Settings of every environment; what differs is read from the environment, with no silent default."""

import os
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from django.utils.translation import gettext_lazy as _

from tessera.files.media import KNOWN
from tessera.module import installed_module_apps
from tessera.settings.accounts import *  # noqa: F403
from tessera.settings.accounts import ACCOUNT_APPS, ACCOUNT_LABELS, ACCOUNT_MIDDLEWARE

ROOT = Path(__file__).resolve().parents[3]
DATA = ROOT / ".data"


def need(name: str) -> str:
    """Return an environment variable, or say which one is missing."""
    if not (value := os.environ.get(name)):
        from django.core.exceptions import ImproperlyConfigured

        raise ImproperlyConfigured(f"set {name}; `make up` and `make test` do it for you")
    return value


def database(url: str) -> dict:
    """Return Django's connection settings for a `postgresql://` URL."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    return {
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", "") or parts.hostname or "",
        "PORT": str(parts.port or query.pop("port", "") or ""),
        "OPTIONS": query,
    }


SECRET_KEY = need("SECRET_KEY")
DATABASE_URL = need("DATABASE_URL")
REDIS_URL = need("REDIS_URL")
DEBUG = False

_connection = database(DATABASE_URL)
STATEMENT_TIMEOUT_MS = int(os.environ.get("TESSERA_STATEMENT_TIMEOUT_MS", "30000"))
POOL = {"min_size": 0, "max_size": int(os.environ.get("TESSERA_POOL", "8")), "max_lifetime": 1800}

# Statements are short: to compile one to machine code would take longer than to run it.
DATABASES = {
    "default": _connection
    | {
        "ENGINE": "tessera.db.guard",
        "OPTIONS": _connection["OPTIONS"] | {"pool": POOL, "options": f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c jit=off"},
        "TIME_ZONE": None,
    },
    "shared": _connection
    | {
        "ENGINE": "django.db.backends.postgresql",
        "OPTIONS": _connection["OPTIONS"]
        | {"pool": POOL, "options": f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c search_path=public,ext"},
    },
}
DATABASE_ROUTERS = ["tessera.db.router.Router"]
TENANT_SYNC_ROUTER = "tessera.db.router.Router"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

SHARED_APPS = [
    "tessera.accounts.operators",  # first: its pages replace those of the admin, and of django-tenants
    "django_tenants",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    *ACCOUNT_APPS,
    "tenants",
    "billing",
    "frontend_api",
]
KERNEL_APPS = [
    "tessera.installation",
    "tessera.access",
    "tessera.audit",
    "tessera.changes",
    "tessera.outbox",
    "tessera.webhooks",
    "tessera.numbering",
    "tessera.lineage",
    "tessera.exchange",
    "tessera.idempotency",
    "tessera.files",
    "tessera.notes",
    "tessera.custom",
    "tessera.bulk",
    "tessera.usage",
]
TENANT_APPS = [*KERNEL_APPS, *installed_module_apps()]
INSTALLED_APPS = ["tessera", *SHARED_APPS, *TENANT_APPS]  # tessera first: its `migrate` replaces django-tenants'
PUBLIC_LABELS = ACCOUNT_LABELS | {
    "django_tenants",
    "contenttypes",
    "auth",
    "sessions",
    "messages",
    "staticfiles",
    "tenants",
    "billing",
    "frontend_api",
}
KERNEL_LABELS = tuple(name.rpartition(".")[2] for name in KERNEL_APPS)

TESSERA_OWNER_ROLE = os.environ.get("TESSERA_OWNER_ROLE", "tessera_owner")  # runs DDL; the application's role may only SET it
TESSERA_POOL_SIZE = int(os.environ.get("TESSERA_POOL_SIZE", "2"))  # ready schemas per set of modules
TESSERA_EXPORTS = DATA / "exports"
TENANT_MODEL = "tenants.Tenant"
TENANT_DOMAIN_MODEL = "tenants.Domain"
# Points that one may hold and gets back a second: a company, a person, an access token, an app with all its devices there, and
# the strangers of a company.
TESSERA_BUDGETS = {
    "tenant": (40_000, 2_000),
    "person": (20_000, 1_000),
    "token": (10_000, 500),
    "app": (30_000, 1_500),
    "stranger": (4_000, 200),
}
# How many times that a company of a tier has, with all that come there; "" is the tier of those that have none, and of all at first.
TESSERA_BUDGET_TIERS = {"": 1.0, "quarter": 0.25, "half": 0.5, "fivefold": 5.0}
TESSERA_STREAMS = {"person": 20, "tenant": 1_000}  # open streams in one process: of one member, and of one company
TESSERA_LETTERS_AN_HOUR = {"company": 100, "address": 5}  # invitations: from one company, and to one address
TESSERA_CHANGES_KEPT_DAYS = int(os.environ.get("TESSERA_CHANGES_KEPT_DAYS", "30"))  # how old a cursor of changes may be
TESSERA_MAX_ANSWER = 16 * 1024 * 1024
TESSERA_TRUSTED_ONLY = False  # whether sessions may only send the documents that our apps are built with
TESSERA_OPEN_INTROSPECTION = True  # False leaves the schema to those with the right access.api_explore
TESSERA_TENANT_DIRECTORY = "tenants.directory"
TESSERA_ENTITLEMENTS = "billing.answers"  # who says what a company may switch on
TESSERA_SIGN_UP_WISHES = "billing.signup"  # who understands what was chosen before a sign-up
TESSERA_BILLING_PAGE = "/billing/{slug}"  # on the accounts host: where a company that is closed is paid for
TESSERA_QUOTAS = "billing.metering.limits"  # who says how much a company may use
STRIPE_API_KEY = os.environ.get("STRIPE_API_KEY", "")  # without one nothing is sold, and everybody may use everything
STRIPE_WEBHOOK_SECRET = os.environ.get("STRIPE_WEBHOOK_SECRET", "")
STRIPE_API_BASE = os.environ.get("STRIPE_API_BASE", "")  # another Stripe than Stripe's, such as the local one
STRIPE_TAX = os.environ.get("STRIPE_TAX", "") not in (
    "",
    "0",
)  # whether Stripe reckons taxes: its account must say where we owe them
STRIPE_API_VERSION = "2026-10-28.endive"  # the SDK's; what speaks another version is not understood
TESSERA_PARTNER_MINIMUM = {"USD": "25", "EUR": "25", "CNY": "180"}  # the least that a partner is paid by a transfer
TESSERA_SHARE_OF_STRANGERS: int | None = None  # basis points kept of partners whom the catalogue does not name; None refuses them
TESSERA_EVENT_BODY_DAYS = int(os.environ.get("TESSERA_EVENT_BODY_DAYS", "30"))  # that the body of a processed event is kept
TESSERA_CATALOGUE = "billing.catalogue.data.CATALOGUE"  # what is sold, and for how much
AUTH_USER_MODEL = "accounts.Account"

BASE_DOMAIN = os.environ.get("TESSERA_BASE_DOMAIN", "localhost:8000")
ALLOWED_HOSTS = ["*"]  # the tenant middleware answers unknown hosts, all with the same bytes
ROOT_URLCONF = "tessera.urls"
WSGI_APPLICATION = "tessera.wsgi.application"
# Whether each web process keeps to a core: for machines whose cores are ours alone.
TESSERA_CORE_PER_WORKER = os.environ.get("TESSERA_CORE_PER_WORKER", "") not in ("", "0")
MIDDLEWARE = [
    "whitenoise.middleware.WhiteNoiseMiddleware",  # before tenants: static files are the same for all
    "tenants.middleware.TenantMiddleware",
    *ACCOUNT_MIDDLEWARE,
]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL, "KEY_PREFIX": "sys:cache"}}
SESSION_COOKIE_NAME = "tessera-account"
CSRF_COOKIE_NAME = "tessera-csrf"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DEFAULT_FROM_EMAIL = os.environ.get("TESSERA_MAIL_FROM", "Tessera <noreply@localhost>")
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True  # static files are served from where they lie; production collects them
MEDIA_ROOT = Path(os.environ.get("TESSERA_FILES", DATA / "files"))
TESSERA_FILE_BYTES = {"attachment": 25 * 1024 * 1024, "bulk": 1024 * 1024 * 1024}  # of one file, by its purpose
TESSERA_STORAGE_BYTES = int(os.environ.get("TESSERA_STORAGE_BYTES", 10 * 1024**3))  # of all files of a company
TESSERA_FILE_TYPES = KNOWN  # media types that are taken; application/octet-stream stands for all that are not known
TESSERA_BULK = {"at_once": 3, "unfinished": 20}  # bulk operations of a company: that run at once, and with those that wait
# Seconds until an operation whose worker was not heard of is taken up by another one, and for which one works between two checkpoints.
TESSERA_BULK_LEASE = float(os.environ.get("TESSERA_BULK_LEASE", "120"))
TESSERA_BULK_SLICE = float(os.environ.get("TESSERA_BULK_SLICE", "15"))

TESSERA_WEBHOOKS_TO_LOOPBACK = (
    False  # whether webhooks may go to this machine, also without TLS: on one's own, never in production
)
# Seconds between one attempt of a webhook and the next: nine attempts in about four hours. Each is stretched or shortened by a fifth.
TESSERA_WEBHOOK_WAITS = tuple(
    float(each) for each in os.environ.get("TESSERA_WEBHOOK_WAITS", "5,30,120,300,900,1800,3600,7200").split(",")
)

# Seconds until a delivery that was sent and not heard of is sent again, and, doubling, until one that failed is; seconds
# between two looks at all tenants for what no hint named.
TESSERA_OUTBOX_LEASE = float(os.environ.get("TESSERA_OUTBOX_LEASE", "30"))
TESSERA_OUTBOX_BACKOFF = float(os.environ.get("TESSERA_OUTBOX_BACKOFF", "5"))
TESSERA_OUTBOX_SWEEP = float(os.environ.get("TESSERA_OUTBOX_SWEEP", "10"))

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "refill the pool": {"task": "tenants.refill_pool", "schedule": 30.0},
    "reconcile tenants": {"task": "tenants.reconcile_tenants", "schedule": 60.0},
    "forget sign-ups": {"task": "tenants.forget_sign_ups", "schedule": 3600.0},
    "act by the time of billing": {"task": "billing.live", "schedule": 60.0},
    "forget what events of Stripe said": {"task": "billing.forget_event_bodies", "schedule": 3600.0},
    "tell Stripe what was used": {"task": "billing.report_usage", "schedule": 600.0},
    "process Stripe's events": {"task": "billing.sweep", "schedule": 10.0},
    "compare with Stripe": {"task": "billing.reconcile", "schedule": 6 * 3600.0},
    "close the month of partners": {"task": "billing.close_statements", "schedule": 6 * 3600.0},
    "forget jobs that failed": {"task": "operators.forget_failed_jobs", "schedule": 24 * 3600.0},
    "forget expired sessions": {"task": "accounts.forget_expired_sessions", "schedule": 3600.0},
}
CELERY_DB_REUSE_MAX = 1000  # tasks per connection; Celery would close the whole pool around each of them
