"""The operators' site: Django's admin, that shows and does not change; what is done is done by acts, through services."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from tessera.accounts.operators.gate import has_passed
from tessera.accounts.operators.models import OperatorAct
from tessera.accounts.operators.services import Operator, operator_of
from tessera.errors import ApiError, Refused

AT_ONCE = 100  # records of one act
OWN_WAYS = frozenset({"login", "logout", "password_change", "password_change_done", "view_on_site"})  # the house's are others


class ReasonForm(forms.Form):
    """Why something is done; every act asks for it."""

    reason = forms.CharField(label=_("Reason"), max_length=300, widget=forms.TextInput(attrs={"class": "vTextField"}))


@dataclass(frozen=True)
class Act:
    """Something that may be done to records: `run` is called for each with the operator and what the form asked for.

    `right` is one of OPERATOR_RIGHTS; `may` says of which records it makes sense.
    """

    name: str
    title: Any
    right: str
    run: Callable[..., object]
    form: type[ReasonForm] = ReasonForm
    may: Callable[[Any], bool] = lambda row: True


@dataclass(frozen=True)
class Page:
    """A page of the site that is no list of records."""

    name: str
    title: Any
    about: Any
    view: Callable[[HttpRequest], HttpResponse]


class OperatorSite(admin.AdminSite):
    """Django's admin for the platform's own people."""

    site_title = site_header = _("Tessera: operators")
    index_title = _("The platform")
    site_url = "/"
    enable_nav_sidebar = False  # lists are wide; the first page and the path above each page lead everywhere

    def __init__(self) -> None:
        super().__init__(name="admin")
        self.pages: list[Page] = []

    def has_permission(self, request: HttpRequest) -> bool:
        """Say whether these pages are open to whoever asks; the gate in front has answered everybody else."""
        return has_passed(request)

    def add_page(self, page: Page) -> None:
        """Add a page below the site's own address."""
        self.pages.append(page)

    def get_urls(self) -> list[Any]:
        """Return the addresses without those of signing in and out, which the accounts host has already."""
        own = [path(f"{each.name}/", self.admin_view(each.view), name=each.name) for each in self.pages]
        return own + [each for each in super().get_urls() if getattr(each, "name", None) not in OWN_WAYS]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return {**super().each_context(request), "pages": self.pages}

    def app_index(self, request: HttpRequest, app_label: str, extra_context: Any = None) -> HttpResponse:
        """Show the records of an app, under its name and no more."""
        shown = self.get_app_list(request, app_label)
        title = {"title": shown[0]["name"]} if shown else {}
        return super().app_index(request, app_label, {**title, **(extra_context or {})})

    def get_log_entries(self, request: HttpRequest) -> Any:
        """Return what operators did last, from the house's own record."""
        return OperatorAct.objects.order_by("-done_at")


site = OperatorSite()


class Shown(admin.ModelAdmin):
    """Records that operators look at, and the acts that they may do to them."""

    acts: tuple[Act, ...] = ()
    show_full_result_count = False
    list_per_page = 50
    change_form_template = "operators/record.html"

    def has_add_permission(self, request: HttpRequest, *more: Any) -> bool:
        return False

    has_change_permission = has_delete_permission = has_add_permission

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True

    def get_urls(self) -> list[Any]:
        """Return the addresses of the list and of each record, and one for each act; there is no adding and no deleting."""
        info = f"{self.opts.app_label}_{self.opts.model_name}"
        acts = [
            path(f"act/{act.name}/", self.admin_site.admin_view(self._view_of(act)), name=f"{info}_{act.name}")
            for act in self.acts
        ]
        kept = [each for each in super().get_urls() if getattr(each, "name", "") in (f"{info}_changelist", f"{info}_change")]
        return acts + kept

    def acts_for(self, operator: Operator) -> list[Act]:
        """Return the acts that an operator has the right to."""
        return [act for act in self.acts if operator.rights is not None and act.right in operator.rights]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Offer each act for the records that are ticked; it asks for its reason on a page of its own."""
        return {act.name: (_go_to(act), act.name, act.title) for act in self.acts_for(operator_of(request.user))}

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show the list under the name of what is in it; there is nothing to be selected for."""
        return super().changelist_view(request, {"title": capfirst(self.opts.verbose_name_plural), **(extra_context or {})})

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id) if object_id else None
        offered = [act for act in self.acts_for(operator_of(request.user)) if row is not None and act.may(row)]
        done = OperatorAct.objects.filter(key=str(object_id)).order_by("-done_at")[:20]
        links = [(act.title, f"{self._address(act)}?{urlencode({'ids': row.pk})}") for act in offered if row is not None]
        extra = {"act_links": links, "acts_done": done, "show_close": True, **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, extra)

    def _address(self, act: Act) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{act.name}")

    def _view_of(self, act: Act) -> Callable[[HttpRequest], HttpResponse]:
        def view(request: HttpRequest) -> HttpResponse:
            operator = operator_of(request.user)
            if act not in self.acts_for(operator):
                raise Http404
            rows = self._chosen(request)
            form = act.form(request.POST or None)
            if request.method == "POST" and form.is_valid() and self._do(request, act, rows, operator, form):
                return HttpResponseRedirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"))
            shown = {
                **self.admin_site.each_context(request),
                "title": act.title,
                "opts": self.opts,
                "rows": rows,
                "form": form,
                "media": self.media + form.media,
            }
            return render(request, "operators/act.html", shown, status=200 if request.method != "POST" else 422)

        return view

    def _chosen(self, request: HttpRequest) -> list[Any]:
        keys = request.GET.get("ids", "").split(",")[:AT_ONCE]
        rows = [row for key in keys if key and (row := self.get_object(request, key)) is not None]
        if not rows:
            raise Http404
        return rows

    def _do(self, request: HttpRequest, act: Act, rows: list[Any], operator: Operator, form: forms.Form) -> bool:
        """Do an act to each record in its own transaction; say whether all went well."""
        is_well = True
        for row in rows:
            try:
                act.run(row, operator, **form.cleaned_data)
            except (Refused, ApiError) as error:
                messages.error(request, f"{row}: {error}")
                is_well = False
            else:
                messages.success(request, f"{row}: {act.title}")
        return is_well


def _go_to(act: Act) -> Callable[..., HttpResponse]:
    def action(shown: Shown, request: HttpRequest, rows: Any) -> HttpResponse:
        keys = ",".join(str(key) for key in rows.values_list("pk", flat=True)[:AT_ONCE])
        return HttpResponseRedirect(f"{shown._address(act)}?{urlencode({'ids': keys})}")

    return action
