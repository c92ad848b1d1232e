"""What people fill in here that django-allauth does not ask."""

from typing import Any

from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from tessera.accounts.models import Account


class AddPasskeyForm(AddWebAuthnForm):
    """The form of django-allauth with the one label that it does not translate."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["name"].label = _("Name")


class JoinForm(forms.Form):
    """The name and password of a new account, for an address that is known."""

    name = forms.CharField(label=_("Your name"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password1 = forms.CharField(
        label=_("Password"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )
    password2 = forms.CharField(
        label=_("Password again"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    def __init__(self, *arguments: Any, email: str, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.email = email

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("password1") != given.get("password2"):
            self.add_error("password2", _("The two passwords differ."))
        elif given.get("password1"):
            try:
                validate_password(given["password1"], Account(email=self.email, name=given.get("name", "")))
            except forms.ValidationError as error:
                self.add_error("password1", error)
        return given
