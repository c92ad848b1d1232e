"""What service shows and offers."""

from django.utils.translation import gettext_lazy as _
from tessera.api import Action, Computed, Form, Kanban, List, Resource, RowScope, Under

from modules.crm.service import models, selectors, services

Resource(
    model=models.Survey,
    fields=(
        "state",
        "document",
        "document_number",
        "company",
        "party",
        "contact",
        "email",
        "expires_at",
        "mailed_at",
        "resent_at",
        "answered_at",
        "score",
        "comment",
        "version",
        "created_at",
    ),
    filters=("state", "document", "company", "party", "score", "answered_at"),
    order=("created_at", "answered_at", "score"),
    search=("document_number", "comment"),
    under=(Under("base.Party", "surveys", "party"), Under("orders.SalesOrder", "surveys", "document")),
    actions=(
        Action("answer", services.answer_survey, title=_("Answer")),
        Action("resend", services.resend_survey, title=_("Send again"), states=("sent",)),
    ),
    views=(List(("document_number", "party", "state", "score", "comment", "answered_at")),),
    scope=RowScope(company="company"),
)
Resource(
    model=models.Ticket,
    fields=(
        "number",
        "state",
        "subject",
        "description",
        "priority",
        "company",
        "party",
        "contact",
        "survey",
        "owner",
        "org_unit",
        "response_due_at",
        "first_response_at",
        "resolve_due_at",
        "resolved_at",
        "resolution",
        "version",
        "created_at",
        "updated_at",
    ),
    create=services.open_ticket,
    update=services.change_ticket,
    filters=("number", "state", "priority", "company", "party", "survey", "owner", "org_unit", "resolve_due_at", "created_at"),
    order=("created_at", "resolve_due_at", "response_due_at", "number"),
    search=("number", "subject", "description"),
    computed=(Computed("is_overdue", selectors.tickets_overdue, title=_("overdue")),),
    under=(Under("base.Party", "tickets", "party"), Under("service.Survey", "tickets", "survey")),
    actions=(
        Action("take", services.take_ticket, title=_("Take"), states=("open", "in_progress", "resolved")),
        Action("resolve", services.resolve_ticket, title=_("Resolve"), states=("open", "in_progress")),
        Action("reopen", services.reopen_ticket, title=_("Reopen"), states=("resolved",)),
        Action("close", services.close_ticket, title=_("Close"), states=("resolved",), bulk=True),
    ),
    views=(
        List(("number", "subject", "party", "priority", "state", "owner", "resolve_due_at", "is_overdue")),
        Kanban(by="state", card=("subject", "party", "priority")),
        Form(((_("Ticket"), ("subject", "party", "contact", "priority")), (_("Description"), ("description",)))),
    ),
    scope=RowScope(owner="owner", unit="org_unit", company="company"),
)
Resource(
    model=models.SlaPolicy,
    plural="SlaPolicies",
    fields=("priority", "response_hours", "resolve_hours", "version"),
    writable=("priority", "response_hours", "resolve_hours"),
    create=True,
    update=True,
    filters=("priority",),
)
