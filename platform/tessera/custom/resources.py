"""What people see of custom fields."""

from django.utils.translation import gettext_lazy as _

from tessera.custom import selectors, services
from tessera.custom.models import CustomField, CustomValues
from tessera.module import Permission
from tessera.permissions import KERNEL_PERMISSIONS
from tessera.resource import Action, Form, List, Report, Resource

KERNEL_PERMISSIONS += [
    Permission("custom.custom_field_define", _("Define custom fields")),
    Permission("custom.custom_values_set", _("Fill in custom fields of records one may change")),
    Permission("custom.custom_values_read", _("Read custom fields of records one may see")),
]

Resource(
    model=CustomField,
    fields=("label", "name", "title", "kind", "choices", "required", "position", "help_text", "active", "version"),
    create=services.define_custom_field,
    update=services.change_custom_field,
    filters=("label", "name", "kind", "active"),
    order=("label", "position", "name"),
    search=("name", "title"),
    views=(
        List(("label", "name", "title", "kind", "required", "active")),
        Form(((_("Field"), ("label", "name", "title", "kind", "choices", "required", "position", "help_text", "active")),)),
    ),
)
Resource(
    model=CustomValues,
    name="CustomValueSet",
    fields=("label", "record", "values", "version"),
    actions=(Action("change", services.change_custom_values),),
    filters=("label", "record"),
)
Report(name="custom_values_on", selector=selectors.custom_values_on, permission="custom.custom_values_read")
