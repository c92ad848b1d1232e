"""What becomes of open items when parties are found to be one."""

from tessera.api import service

from modules.base.api import Party, standing_for
from modules.erp.finance.models import OpenItem


@service()
def follow_merged_parties() -> None:
    """Let what is open with a party that was merged be open with the one that stands for it.

    Entries, invoices and payments stay as they were posted.
    """
    left = OpenItem.objects.filter(party__merged_into__isnull=False).values("party")
    for party in Party.objects.filter(pk__in=left).order_by("pk"):
        OpenItem.objects.filter(party=party).update(party=standing_for(party))
