"""The keys that clients sent, and what they were answered."""

from django.db import models

from tessera.models import Model


class IdempotencyKey(Model):
    """One key of one actor; it is inserted in the transaction of the effect, so both stay or neither.

    `request_hash` is the SHA-256 of what was asked, `answer` the finished answer
    as JSON text, so that a copy gets it with its fields in the same order.
    """

    audited = False

    actor = models.CharField(max_length=60)
    key = models.CharField(max_length=255)
    request_hash = models.CharField(max_length=64)
    answer = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(Model.Meta):
        constraints = [models.UniqueConstraint(fields=["actor", "key"], name="idempotency_key_once")]
        indexes = [models.Index(fields=["created_at"], name="idempotency_by_age")]
