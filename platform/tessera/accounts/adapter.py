"""What differs from django-allauth's ways: nobody signs up by itself, secrets are sealed, signing out reaches far."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.http import HttpRequest

from tessera.accounts.services import digest, end_login
from tessera.sealing import sealer

PURPOSE = "tessera.accounts.mfa"


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
        return sealer(PURPOSE).encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return sealer(PURPOSE).decrypt(encrypted_text.encode()).decode()
