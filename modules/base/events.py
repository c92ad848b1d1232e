"""Facts that base tells."""

from uuid import UUID

from tessera.api import event


@event("base.party_merged")
class PartyMerged:
    """`merged` is now `subject`."""

    subject: UUID
    merged: UUID


@event("base.company_created")
class CompanyCreated:
    """A company of the tenant was set up; parts make what each company needs."""

    subject: UUID
    currency: str
