"""Merge parties that turn out to be one, without losing history."""

from django.utils.translation import gettext as _
from tessera.api import Refused, lock_for_update, publish, service

from modules.base.events import PartyMerged
from modules.base.models import Assignment, Company, Item, MemberPerson, Party

FOLLOWS = {
    "contact_points": ("kind", "normalised"),
    "roles": ("company_id", "role"),
    "tax_registrations": ("country", "number"),
    "bank_accounts": ("number",),
}


@service(permission="base.party_merge")
def merge_party(*, party: Party, into: Party) -> Party:
    """Make `into` stand for `party` from now on; documents of `party` stay as they are, and count as those of `into`.

    What `into` has not yet of addresses, contact points, roles, tax numbers and bank accounts goes over
    to it; so do the people who work for `party`, its own post and login, and the masters that name it.
    Refused: a merged party (STATE), itself or another kind of party (INVALID), two logins (STATE).
    """
    locked = {row.pk: row for row in lock_for_update(Party.objects.filter(pk__in=[party.pk, into.pk]))}
    party, into = locked[party.pk], locked[into.pk]
    _check(party, into)
    for name, key in FOLLOWS.items():
        _move(party, into, name, key)
    party.addresses.update(party=into)
    if into.employer_id == party.pk:
        into.employer = None
        into.save()
    party.contacts.update(employer=into)
    Assignment.objects.filter(person=party).update(person=into)
    Assignment.objects.filter(manager=party).update(manager=into)
    MemberPerson.objects.filter(person=party).update(person=into)
    Item.objects.filter(supplier=party).update(supplier=into)
    Company.objects.filter(party=party).update(party=into)
    Party.objects.filter(merged_into=party).update(merged_into=into)
    party.merged_into = into
    party.save()
    publish(PartyMerged(subject=into.pk, merged=party.pk))
    return into


def _check(party: Party, into: Party) -> None:
    if party == into:
        raise Refused("INVALID", _("A party cannot be merged into itself."), "into")
    for field, each in (("party", party), ("into", into)):
        if each.merged_into_id:
            raise Refused("STATE", _("A merged party cannot be merged again."), field)
    if party.kind != into.kind:
        raise Refused("INVALID", _("A person and an organisation are not the same party."), "into")
    if MemberPerson.objects.filter(person__in=[party.pk, into.pk]).count() == 2:
        raise Refused("STATE", _("Both are people who sign in here; unlink one of them first."), "into")


def _move(party: Party, into: Party, name: str, key: tuple[str, ...]) -> None:
    """Give `into` those rows of a relation whose `key` it has not; the others stay with the merged party."""
    known = set(getattr(into, name).values_list(*key))
    for row in getattr(party, name).all():
        if tuple(getattr(row, part) for part in key) not in known:
            row.party = into
            row.save()
