"""The Celery application; it only transports, the outbox decides."""

import os

from celery import Celery
from celery.signals import worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tessera.settings.production")
app = Celery("tessera")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def refuse_unsafe(**_: object) -> None:
    """Stop a worker before it serves tenants that are not safe from each other."""
    from tessera.db.boot import refuse_unsafe as refuse

    try:
        refuse()
    except Exception as error:
        raise SystemExit(str(error)) from error  # Celery goes on after any other exception of a receiver
