"""Accept an invitation: with the account one has, or with one made on the spot."""

from typing import Any
from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from tessera.access.services import InvitationOffer, accept_invitation, offered_invitation
from tessera.accounts.addresses import tenant_url
from tessera.accounts.forms import JoinForm
from tessera.accounts.models import Account
from tessera.accounts.selectors import account_at
from tessera.accounts.services import add_membership, create_account
from tessera.context import current, directory, enter, system
from tessera.errors import Refused


@never_cache
@require_http_methods(["GET", "POST"])
def join(request: HttpRequest, tenant_id: UUID, token: str) -> HttpResponse:
    """Show an invitation and accept it; a link that opens nothing is answered like one that never existed.

    Whoever holds the link reads the invited address: a new account's address needs no other proof.
    """
    try:
        tenant, modules = directory().find(tenant_id)
    except LookupError:
        return _nothing(request)
    with enter(tenant, actor=system("invitation"), modules=modules):
        try:
            offer = offered_invitation(token=token)
            account = account_at(offer.email)
            if account is None:
                return _join_as_new(request, offer, token)
            if request.user != account:
                return redirect_to_login(request.get_full_path())
            if request.method == "GET":
                return render(request, "accounts/join.html", {"offer": offer, "account": account})
            return _accept(offer, account, token)
        except Refused:
            return _nothing(request)


def _join_as_new(request: HttpRequest, offer: InvitationOffer, token: str) -> HttpResponse:
    if offer.accepted:
        raise Http404
    form = JoinForm(request.POST or None, initial={"name": offer.name}, email=offer.email)
    if request.method == "GET" or not form.is_valid():
        shown: dict[str, Any] = {"offer": offer, "form": form}
        return render(request, "accounts/join.html", shown, status=200 if request.method == "GET" else 400)
    name, password = form.cleaned_data["name"], form.cleaned_data["password1"]
    account = create_account(email=offer.email, password=password, name=name, language=offer.language, verified=True)
    return _accept(offer, account, token)


def _accept(offer: InvitationOffer, account: Account, token: str) -> HttpResponse:
    """Join the tenant that is entered; the index comes after, and a handler heals what a crash leaves out."""
    tenant = current().tenant
    accept_invitation(token=token, account_id=account.pk, email=offer.email, name=account.name)
    add_membership(account_id=account.pk, tenant_id=tenant.id)
    return HttpResponseRedirect(tenant_url(tenant, "/session/start"))


def _nothing(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/join_refused.html", status=404)
