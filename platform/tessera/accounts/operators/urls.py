"""The operators' addresses, on the accounts host alone: everywhere else there is nothing at them."""

from django.urls import path
from django.views.generic import RedirectView

from tessera.accounts.hosts import accounts_host, wrapped
from tessera.accounts.operators.gate import operators_only
from tessera.accounts.operators.site import site

urlpatterns = wrapped(
    [path("operators", RedirectView.as_view(url="/operators/"), name="operators"), path("operators/", site.urls)],
    accounts_host,
    operators_only,
)
