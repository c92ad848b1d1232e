"""What a person is asked before an app is let in."""

from typing import Any

from allauth.idp.oidc.forms import AuthorizationForm
from django import forms
from django.utils.translation import gettext_lazy as _

from tessera.context import TenantRef


class ConsentForm(AuthorizationForm):
    """Which company the app is let into; what it is given there is all of what it asks for, or nothing."""

    tenant = forms.ChoiceField(label=_("Company"), widget=forms.RadioSelect)

    def __init__(self, *arguments: Any, tenants: list[TenantRef], requested_scopes: list[str], **options: Any) -> None:
        super().__init__(*arguments, requested_scopes=requested_scopes, **options)
        self.requested_scopes = requested_scopes
        for asked_by_allauth in ("scopes", "email"):
            self.fields.pop(asked_by_allauth, None)
        self.fields["tenant"].choices = [(tenant.id.hex, tenant.name) for tenant in tenants]
        if len(tenants) == 1:
            self.fields["tenant"].widget = forms.HiddenInput()
            self.fields["tenant"].initial = tenants[0].id.hex

    def clean(self) -> dict[str, Any]:
        return {**(super().clean() or {}), "scopes": self.requested_scopes}
