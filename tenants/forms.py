"""The sign-up form; the service behind it judges what is entered."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from tessera.errors import Refused

from tenants.signup import offered_modules


class Subdomain(forms.TextInput):
    """The first part of a host name, with the rest written behind it."""

    template_name = "tenants/subdomain.html"

    def get_context(self, *args: Any, **options: Any) -> dict[str, Any]:
        return super().get_context(*args, **options) | {"base_domain": settings.BASE_DOMAIN}


class SignUpForm(forms.Form):
    """What a company says of itself."""

    company = forms.CharField(
        label=_("Company"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "organization", "autofocus": True})
    )
    slug = forms.CharField(
        label=_("Address"),
        max_length=63,
        help_text=_("Letters a to z, digits and hyphens; it cannot be changed later."),
        widget=Subdomain(attrs={"autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"}),
    )
    email = forms.CharField(label=_("Your e-mail"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"}))
    password = forms.CharField(
        label=_("Password"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )
    modules = forms.MultipleChoiceField(
        label=_("What do you need?"),
        required=False,
        help_text=_("Everything can be switched on and off later."),
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, wished: Sequence[str] = (), **options: Any) -> None:
        """Tick the modules `wished`, which the page of prices hands on; a part of a bundle is offered when it is one of them."""
        super().__init__(*args, initial={"modules": wished}, **options)
        self.fields["modules"].choices = offered_modules(wished)

    def add_refusal(self, refused: Refused) -> None:
        """Show a refusal's findings at their fields."""
        for problem in refused.problems:
            name = problem.field[0] if problem.field and problem.field[0] in self.fields else None
            self.add_error(name, problem.message)
