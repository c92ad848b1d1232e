"""What sales show and offer."""

from django.utils.translation import gettext_lazy as _
from tessera.api import Action, Children, Computed, Form, Kanban, List, Report, Resource, RowScope, Under

from modules.crm.sales import models, selectors, services

SCOPE = RowScope(owner="owner", unit="org_unit", creator="captured_by")
DEAL_SCOPE = RowScope(owner="owner", unit="org_unit", company="company")

Resource(
    model=models.Lead,
    fields=(
        "number",
        "state",
        "source",
        "company_name",
        "contact_name",
        "email",
        "phone",
        "interest",
        "owner",
        "org_unit",
        "rule",
        "captured_at",
        "captured_by",
        "sla_due_at",
        "first_response_at",
        "reason",
        "party",
        "origin",
        "external_id",
        "version",
        "created_at",
        "updated_at",
    ),
    writable=("company_name", "contact_name", "email", "phone", "source", "interest", "org_unit"),
    create=services.capture_lead,
    update=True,
    filters=(
        "state",
        "source",
        "owner",
        "org_unit",
        "rule",
        "captured_at",
        "captured_by",
        "sla_due_at",
        "first_response_at",
        "email",
        "party",
    ),
    order=("captured_at", "sla_due_at", "company_name", "number"),
    search=("company_name", "contact_name", "email", "phone", "number"),
    computed=(Computed("is_overdue", selectors.leads_overdue, title=_("overdue")),),
    actions=(
        Action("assign", services.assign_lead, title=_("Assign"), states=("new", "assigned"), bulk=True),
        Action("respond", services.respond_lead, title=_("Answered"), states=("new", "assigned")),
        Action("convert", services.convert_lead, title=_("Convert"), states=("new", "assigned")),
        Action("lose", services.lose_lead, title=_("Give up"), states=("new", "assigned")),
    ),
    views=(
        List(("number", "company_name", "contact_name", "source", "state", "owner", "sla_due_at", "is_overdue")),
        Kanban(by="state", card=("company_name", "contact_name", "owner")),
        Form(((_("Lead"), ("company_name", "contact_name", "email", "phone", "source")), (_("What they want"), ("interest",)))),
    ),
    scope=SCOPE,
)
Resource(
    model=models.LeadRule,
    fields=("name", "priority", "source", "sla_hours", "assigned", "active", "version"),
    create=services.create_lead_rule,
    update=services.update_lead_rule,
    delete=True,
    filters=("name", "source", "active"),
    order=("priority", "name"),
    children=(Children("members", models.LeadRuleMember, "rule"),),
    views=(List(("priority", "name", "source", "sla_hours", "assigned", "active")),),
)
Resource(
    model=models.LeadRuleMember,
    fields=("rule", "member", "position", "active", "version"),
    filters=("rule", "member"),
    order=("position",),
)
Resource(
    model=models.Pipeline,
    fields=("name", "is_default", "active", "version"),
    writable=("name", "is_default", "active"),
    create=True,
    update=True,
    filters=("name", "is_default", "active"),
    order=("name",),
    children=(Children("stages", models.Stage, "pipeline"), Children("opportunities", models.Opportunity, "pipeline")),
)
Resource(
    model=models.Stage,
    fields=("pipeline", "name", "position", "kind", "probability", "version"),
    writable=("pipeline", "name", "position", "kind", "probability"),
    create=True,
    update=True,
    delete=True,
    filters=("pipeline", "name", "kind"),
    order=("position",),
    children=(Children("opportunities", models.Opportunity, "stage"),),
)
Resource(
    model=models.Opportunity,
    plural="Opportunities",
    fields=(
        "number",
        "title",
        "state",
        "company",
        "party",
        "contact",
        "lead",
        "pipeline",
        "stage",
        "amount",
        "currency",
        "expected_close",
        "closed_at",
        "reason",
        "owner",
        "org_unit",
        "note",
        "version",
        "created_at",
        "updated_at",
    ),
    create=services.create_opportunity,
    update=services.update_opportunity,
    filters=("number", "state", "company", "party", "pipeline", "stage", "amount", "currency", "expected_close", "owner", "lead"),
    order=("expected_close", "amount", "created_at", "title"),
    search=("title", "number"),
    children=(Children("changes", models.StageChange, "opportunity"),),
    under=(Under("base.Party", "opportunities", "party"),),
    actions=(Action("move", services.move_opportunity, title=_("Move to stage")),),
    views=(
        List(("number", "title", "party", "stage", "amount", "currency", "expected_close", "owner")),
        Kanban(by="stage", card=("title", "party", "amount")),
        Form(((_("Deal"), ("title", "party", "contact", "amount", "currency", "expected_close")), (_("Notes"), ("note",)))),
    ),
    scope=DEAL_SCOPE,
    field_rights={"amount": "sales.opportunity_amount_view"},
    currencies={"amount": "currency"},
)
Resource(
    model=models.StageChange,
    fields=("opportunity", "source", "target", "amount", "member", "recorded_at"),
    filters=("opportunity", "source", "target", "member", "recorded_at"),
    order=("recorded_at",),
    scope=RowScope(owner="opportunity__owner", unit="opportunity__org_unit", company="opportunity__company"),
    field_rights={"amount": "sales.opportunity_amount_view"},
    currencies={"amount": "opportunity__currency"},
)
Report(name="sales_funnel", selector=selectors.sales_funnel, permission="sales.opportunity_amount_view")
Report(name="lead_duplicates", selector=selectors.lead_duplicates, permission="sales.lead_convert")
