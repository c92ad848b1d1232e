"""What people see of custom fields."""

from django.utils.translation import gettext_lazy as _

from tessera.custom import services
from tessera.custom.filling import WRITE
from tessera.custom.models import CustomField
from tessera.custom.selectors import READ
from tessera.module import Permission
from tessera.permissions import KERNEL_PERMISSIONS
from tessera.resource import Action, Form, List, Resource

KERNEL_PERMISSIONS += [
    Permission("custom.custom_field_define", _("Define custom fields")),
    Permission(WRITE, _("Fill in custom fields of records one may change")),
    Permission(READ, _("Read custom fields of records one may see")),
]

Resource(
    model=CustomField,
    fields=("label", "name", "title", "kind", "choices", "required", "position", "help_text", "active", "version"),
    create=services.define_custom_field,
    update=services.change_custom_field,
    filters=("label", "name", "kind", "active"),
    order=("label", "position", "name"),
    search=("name", "title"),
    actions=(Action("set", services.set_custom_fields),),
    views=(
        List(("label", "name", "title", "kind", "required", "active")),
        Form(((_("Field"), ("label", "name", "title", "kind", "choices", "required", "position", "help_text", "active")),)),
    ),
)
