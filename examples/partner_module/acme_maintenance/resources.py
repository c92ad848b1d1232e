"""What people see of maintenance: the API and the console are made of this.

Names in GraphQL begin with the vendor's: `AcmeVisit`, `acmeVisits`, and `acmeMachines` below a party of base.
"""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from tessera.api import Action, Computed, Form, List, Resource, RowScope, Under

from acme_maintenance import selectors, services
from acme_maintenance.models import AcmeMachine, AcmeServicePlan, AcmeVisit

PLAN = ("item", "warranty_months", "interval_months", "note")
Resource(
    model=AcmeServicePlan,
    fields=(*PLAN, "version", "created_at", "updated_at"),
    writable=PLAN,
    create=True,
    update=True,
    filters=("item", "interval_months"),
    order=("created_at",),
    views=(List(("item", "warranty_months", "interval_months")), Form(((_("Service plan"), PLAN),))),
)
Resource(
    model=AcmeMachine,
    fields=(
        "number",
        "state",
        "item",
        "serial_number",
        "company",
        "party",
        "delivery",
        "delivered_on",
        "warranty_until",
        "note",
        "version",
        "created_at",
        "updated_at",
    ),
    writable=("serial_number", "note"),
    create=services.register_machine,
    update=True,
    filters=("number", "state", "item", "serial_number", "company", "party", "delivery", "warranty_until"),
    order=("created_at", "number", "warranty_until"),
    search=("number", "serial_number"),
    computed=(Computed("is_under_warranty", selectors.machines_under_warranty, title=_("under warranty")),),
    under=(Under("base.Party", "acme_machines", "party"),),
    actions=(Action("retire", services.retire_machine, title=pgettext_lazy("machine", "Retire"), states=("in_use",)),),
    views=(
        List(("number", "item", "serial_number", "party", "state", "warranty_until")),
        Form(((_("Machine"), ("item", "serial_number", "party", "delivered_on", "warranty_until", "note")),)),
    ),
    scope=RowScope(company="company"),
)
Resource(
    model=AcmeVisit,
    fields=(
        "machine",
        "state",
        "due_on",
        "technician",
        "done_on",
        "under_warranty",
        "report",
        "version",
        "created_at",
        "updated_at",
    ),
    filters=("machine", "state", "due_on", "technician", "done_on", "under_warranty"),
    order=("due_on", "done_on"),
    under=(Under("acme_maintenance.AcmeMachine", "visits", "machine"),),
    actions=(
        Action("plan", services.plan_visit, title=pgettext_lazy("visit", "Plan"), states=("planned",)),
        Action("complete", services.complete_visit, title=pgettext_lazy("visit", "Report"), states=("planned",)),
    ),
    views=(List(("due_on", "machine", "technician", "state", "done_on", "under_warranty")),),
    scope=RowScope(owner="technician", company="machine__company"),
)
