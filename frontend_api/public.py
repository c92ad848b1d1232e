"""Pages for people without an account: the form of a public service, opened by the token in a letter.

`/public/<mutation>/<token>` shows the service's plain parameters as a form and calls it. The token
is the only credential, so the page needs neither cookie nor CSRF protection.
"""

import inspect
from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods
from tessera.context import current_or_none
from tessera.errors import Refused
from tessera.resource import Action, camel, parameters_of, resources

FIELDS: dict[type, Callable[..., forms.Field]] = {
    int: forms.IntegerField,
    str: lambda **options: forms.CharField(widget=forms.Textarea(attrs={"rows": 4}), **options),
}


def public_action(name: str, modules: frozenset[str]) -> Action | None:
    """Return the public action behind a mutation's name, if its module is on."""
    for resource in resources(modules):
        for action in resource.actions:
            if getattr(action.service, "public", False) and camel(f"{resource.noun}_{action.verb}") == name:
                return action
    return None


def form_of(action: Action) -> type[forms.Form]:
    """Return the form of an action's parameters, the token left out."""
    fields = {}
    for name, (kind, default) in parameters_of(action.service).items():
        if name != "token":
            fields[name] = FIELDS[kind](required=default is inspect.Parameter.empty, label=_(name.replace("_", " ").capitalize()))
    return type("PublicForm", (forms.Form,), fields)


@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest, name: str, token: str) -> HttpResponse:
    """Show the form of a public service and take it."""
    context = current_or_none()
    action = public_action(name, context.modules) if context else None
    if context is None or action is None:
        return render(request, "frontend_api/public_gone.html", status=404)
    form = form_of(action)(request.POST or None)
    shown: dict[str, Any] = {"title": action.title, "company": context.tenant.name, "form": form}
    if request.method == "GET":
        return render(request, "frontend_api/public_form.html", shown)
    if form.is_valid():
        try:
            action.service(token=token, **form.cleaned_data)
        except Refused as refusal:
            for problem in refusal.problems:
                form.add_error(problem.field[0] if problem.field and problem.field[0] in form.fields else None, problem.message)
        else:
            return render(request, "frontend_api/public_done.html", shown)
    return render(request, "frontend_api/public_form.html", shown, status=400)
