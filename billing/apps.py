"""Billing: what a tenant pays for and may therefore switch on."""

from django.apps import AppConfig


class Billing(AppConfig):
    name = "billing"
