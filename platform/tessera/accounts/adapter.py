"""What differs from django-allauth's ways: nobody signs up by itself, secrets are sealed, signing out reaches far."""

import base64
import hashlib

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.http import HttpRequest

from tessera.accounts.services import digest, end_login


def login_mark(request: HttpRequest) -> str:
    """Return the hash that stands for this sign-in on the accounts host, "" where there is none."""
    key = request.session.session_key
    return digest(key) if key else ""


class AccountAdapter(DefaultAccountAdapter):
    """E-mail accounts that come from a company's sign-up or an invitation."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def logout(self, request: HttpRequest) -> None:
        """Sign out here, and on every tenant's host that this sign-in led to."""
        if request.user.is_authenticated and (mark := login_mark(request)):
            end_login(account=request.user, login=mark)
        super().logout(request)


class SocialAdapter(DefaultSocialAccountAdapter):
    """Sign-in through an OpenID provider for accounts that exist; it makes none."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: object) -> bool:
        return False


class MFAAdapter(DefaultMFAAdapter):
    """Second factors whose secrets are stored sealed with a key made from SECRET_KEY."""

    def encrypt(self, text: str) -> str:
        return _seal().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _seal().decrypt(encrypted_text.encode()).decode()


def _seal() -> MultiFernet:
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    digests = (hashlib.sha256(f"tessera.accounts.mfa:{key}".encode()).digest() for key in keys)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(each)) for each in digests])
