"""Idempotency keys: a request that is sent twice has one effect and one answer."""

from django.apps import AppConfig


class Idempotency(AppConfig):
    name = "tessera.idempotency"
    label = "idempotency"
