"""What differs from django-allauth's ways as a provider: who we are, and what we say of people."""

from collections.abc import Iterable
from typing import Any

from allauth.account.models import EmailAddress
from allauth.idp.oidc.adapter import DefaultOIDCAdapter
from allauth.idp.oidc.models import Client
from django.utils.crypto import get_random_string

from tessera.accounts.addresses import accounts_url
from tessera.accounts.models import Account


class ProviderAdapter(DefaultOIDCAdapter):
    """The provider is the accounts host, whatever address somebody reached it by."""

    def get_issuer(self) -> str:
        return accounts_url("")

    def generate_client_secret(self) -> str:
        return f"tsr_c_{get_random_string(43)}"

    def get_claims(
        self, purpose: str, user: Account, client: Client, scopes: Iterable[str], email: str | None = None, **more: Any
    ) -> dict[str, Any]:
        """Return what an app learns of an account: its id, and by scope its name, language and primary address."""
        claims: dict[str, Any] = {"sub": str(user.pk)}
        if "profile" in scopes:
            claims |= {"name": user.name or user.email, "locale": user.language}
        if "email" in scopes:
            verified = EmailAddress.objects.filter(user=user, email__iexact=user.email, verified=True).exists()
            claims |= {"email": user.email, "email_verified": verified}
        return claims
