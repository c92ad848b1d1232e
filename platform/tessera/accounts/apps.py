"""Accounts: who people are, everywhere; lives in the public schema."""

from django.apps import AppConfig


class Accounts(AppConfig):
    name = "tessera.accounts"
    label = "accounts"
