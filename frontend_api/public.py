"""Pages for people without an account: the form of a public service, opened by the token in a letter.

`/public/<mutation>/<token>` shows the service's plain parameters as a form and calls it. The token
is the only credential, so the page needs neither cookie nor CSRF protection.
"""

import inspect
from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import FieldDoesNotExist
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods
from tessera.context import current_or_none
from tessera.errors import ApiError, Code, Refused
from tessera.resource import Action, Resource, camel, parameters_of, resources

FIELDS: dict[type, Callable[..., forms.Field]] = {
    int: forms.IntegerField,
    str: lambda **options: forms.CharField(widget=forms.Textarea(attrs={"rows": 4}), **options),
}


def public_action(name: str, modules: frozenset[str]) -> tuple[Resource, Action] | None:
    """Return the public action behind a mutation's name with its resource, if its module is on."""
    for resource in resources(modules):
        for action in resource.actions:
            if getattr(action.service, "public", False) and camel(f"{resource.noun}_{action.verb}") == name:
                return resource, action
    return None


def form_of(resource: Resource, action: Action) -> type[forms.Form]:
    """Return the form of an action's parameters, the token left out; the model's fields of the same names label them."""
    fields = {}
    for name, (kind, default) in parameters_of(action.service).items():
        if name != "token":
            said = _said_of(resource, name)
            fields[name] = FIELDS[kind](required=default is inspect.Parameter.empty, **said)
    return type("PublicForm", (forms.Form,), fields)


def _said_of(resource: Resource, name: str) -> dict[str, Any]:
    try:
        field = resource.model._meta.get_field(name)
    except FieldDoesNotExist:
        return {"label": capfirst(name.replace("_", " "))}
    return {"label": capfirst(field.verbose_name), "help_text": field.help_text}


@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest, name: str, token: str) -> HttpResponse:
    """Show the form of a public service and take it."""
    context = current_or_none()
    found = public_action(name, context.modules) if context else None
    if context is None or found is None:
        return render(request, "frontend_api/public_gone.html", status=404)
    resource, action = found
    form = form_of(resource, action)(request.POST or None)
    shown: dict[str, Any] = {"title": capfirst(resource.model._meta.verbose_name), "company": context.tenant.name, "form": form}
    if request.method == "GET":
        return render(request, "frontend_api/public_form.html", shown)
    if form.is_valid():
        try:
            action.service(token=token, **form.cleaned_data)
        except Refused as refusal:
            for problem in refusal.problems:
                form.add_error(problem.field[0] if problem.field and problem.field[0] in form.fields else None, problem.message)
        except ApiError as error:
            if error.code != Code.READ_ONLY:
                raise
            form.add_error(None, _("Nothing can be taken here at the moment. Please try again later."))
        else:
            return render(request, "frontend_api/public_done.html", shown)
    return render(request, "frontend_api/public_form.html", shown, status=400)
