"""Sign as Standard Webhooks has it: HMAC-SHA256 of id, time and body, once for each secret that is good."""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime

from tessera.sealing import sealer
from tessera.webhooks.models import WebhookSubscription

PREFIX = "whsec_"


def new_secret() -> str:
    """Return a secret of 256 random bits, as receivers are given it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def sealed(secret: str) -> str:
    """Return a secret as it is stored."""
    return sealer("tessera.webhooks").encrypt(secret.encode()).decode()


def good_secrets(subscription: WebhookSubscription, at: datetime) -> list[str]:
    """Return the secrets that sign at a moment, the latest first."""
    kept = [subscription.secret]
    if subscription.previous_secret and subscription.previous_until and at < subscription.previous_until:
        kept.append(subscription.previous_secret)
    return [sealer("tessera.webhooks").decrypt(each.encode()).decode() for each in kept]


def signature_headers(*, id: str, at: datetime, body: bytes, secrets: list[str]) -> dict[str, str]:
    """Return the three headers by which a receiver knows who sent a body, and when."""
    moment = str(int(at.timestamp()))
    signed = b".".join((id.encode(), moment.encode(), body))
    keys = [base64.b64decode(secret.removeprefix(PREFIX)) for secret in secrets]
    made = [base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in keys]
    return {"webhook-id": id, "webhook-timestamp": moment, "webhook-signature": " ".join(f"v1,{each}" for each in made)}
