"""What switching workflow off means for documents that wait."""

from django.utils.translation import gettext as _
from tessera.api import close_hold, service

from modules.oa.workflow.models import ProcessInstance


@service()
def free_documents() -> None:
    """Void the holds of running requests. A request is found void when somebody decides on it after a switch back on."""
    for instance in ProcessInstance.objects.filter(hold__state="waiting").select_related("hold"):
        close_hold(hold=instance.hold, state="void", reason=_("Approvals were switched off."))
