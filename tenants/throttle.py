"""Count what strangers do on the accounts host, and stop them when it is too much."""

import hashlib
import logging
from datetime import timedelta

import redis
from django.utils import timezone
from django.utils.translation import gettext as _
from tessera.errors import ApiError, Code
from tessera.outbox.hints import client

from tenants.models import SignUp

WINDOW = timedelta(hours=1)
PER_ADDRESS = 5
PER_HOST = 20
_log = logging.getLogger(__name__)


def count_sign_up(*, email: str, ip: str) -> None:
    """Count a sign-up by its e-mail address and by where it comes from; raise RATE_LIMITED past the limits.

    Every attempt counts in Valkey; with Valkey gone the sign-ups stored in the window are counted instead.
    """
    limits = {f"email:{email}": PER_ADDRESS, f"ip:{ip}": PER_HOST}
    try:
        counts = {name: _hit(name) for name in limits}
    except redis.RedisError:
        _log.warning("Valkey did not answer: sign-ups are counted in the database")
        recent = SignUp.objects.filter(created_at__gt=timezone.now() - WINDOW)
        counts = {f"email:{email}": recent.filter(email=email).count() + 1, f"ip:{ip}": recent.filter(ip=ip).count() + 1}
    if any(counts[name] > limits[name] for name in limits):
        raise ApiError(Code.RATE_LIMITED, _("Too many attempts. Please try again later."), retryAfter=int(WINDOW.total_seconds()))


def _hit(name: str) -> int:
    key = f"sys:signup:{hashlib.sha256(name.encode()).hexdigest()[:32]}"
    with client().pipeline() as pipe:
        pipe.incr(key)
        pipe.expire(key, WINDOW, nx=True)
        return pipe.execute()[0]
