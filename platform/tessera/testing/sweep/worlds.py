"""Who is asked, and what lies there: rows of every model, notes on every kind of record, files, and somebody with a token."""

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone

from tessera.access.models import AccessToken, Member, Role, RoleAssignment, RolePermission
from tessera.accounts.services import digest
from tessera.context import system
from tessera.custom.models import CustomField, CustomValues
from tessera.files.models import StoredFile
from tessera.files.services import charge
from tessera.files.storage import save_bytes
from tessera.graph.names import lower_first
from tessera.notes.models import Attachment, Comment, Tag, TaggedRecord
from tessera.resource import RESOURCES, Resource
from tessera.testing.plugin import entered
from tessera.testing.rows import key_of, tenant_models
from tessera.testing.sweep.canaries import MarkedRows
from tessera.unit_of_work import unit_of_work

ASKING = 100  # the number of whoever asks, the same in both tenants
HELD = "held"  # the custom field that every kind of record has
FAR = 1000  # notes that are hung on a record take their numbers from here on


class Place:
    """One tenant of a world: its rows by model and number, and how it is asked over HTTP."""

    def __init__(self, tenant: Any, rows: MarkedRows, *numbers: int) -> None:
        self.tenant, self.rows, self.numbers = tenant, rows, numbers
        self.host = f"{tenant.slug}.localhost"
        self.secret = ""
        self.cursors: dict[str, str] = {}
        self.client = Client()

    def inside(self) -> Any:
        """Enter the tenant as the system."""
        return entered(self.tenant, actor=system("sweep"))

    def fill(self) -> dict[Any, str]:
        """Make rows of every model, and hang notes on every kind of record; return why there is none of a model."""
        with self.inside(), unit_of_work():
            missing = self.rows.fill(*self.numbers, only=[each for each in tenant_models() if each is not Attachment])
            records = [resource for resource in RESOURCES.values() if resource.is_record]
            for place, resource in enumerate(records):
                for number in self.numbers:
                    if (resource.model, number) in self.rows.made:
                        self._hang_notes(resource, number, FAR + 10 * place + number)
        return missing

    def _hang_notes(self, resource: Resource, number: int, as_number: int) -> None:
        on = {"label": resource.label, "record": self.rows.made[resource.model, number].pk}
        word = self.word_of(resource, number)
        Comment(id=key_of(Comment, as_number), body=f"{word} comment", **on).save()
        name = f"{self.rows.canary.word} {number}"  # everybody sees all tags, though not what carries them
        tag = Tag.objects.filter(name=name).first() or Tag(name=name)
        tag.save()
        TaggedRecord(id=key_of(TaggedRecord, as_number), tag=tag, **on).save()
        if not CustomField.objects.filter(label=resource.label, name=HELD).exists():
            CustomField(id=key_of(CustomField, as_number), name=HELD, label=resource.label, title="Held", kind="text").save()
        CustomValues.objects.filter(**on).delete()
        CustomValues(id=key_of(CustomValues, as_number), values={HELD: f"{word} held"}, **on).save()
        content = ContentFile(f"{word} file of {self.tenant.slug}".encode())
        about = {"name": f"{word}.txt", "media_type": "text/plain", "size": content.size, "sha256": "0" * 64}
        file = StoredFile(id=key_of(StoredFile, as_number), parts=["it"], in_use=True, received_at=timezone.now(), **about)
        charge(file.size)
        file.save()
        save_bytes(f"files/{file.pk}/it", content)
        made = Attachment(id=key_of(Attachment, as_number), file=file, **about, **on)
        made.save()
        self.rows.made.setdefault((Attachment, number), made)

    def word_of(self, resource: Resource, number: int) -> str:
        """Return the word that marks what hangs on a record."""
        return self.rows.canary.word

    def newcomer(self, number: int, name: str) -> Member:
        """Return a member that is not kept yet, with an address that is the same in every tenant."""
        return Member(id=key_of(Member, number), name=name, email=f"newcomer{number}@example.com")

    def key(self, resource: Resource, number: int) -> UUID:
        """Return the key of a row by its number, whether it was made or not."""
        made = self.rows.made.get((resource.model, number))
        return made.pk if made is not None else key_of(resource.model, number)

    def admit(self, account: Any, member: Member, rights: dict[str, str] | None = None, company: UUID | None = None) -> None:
        """Make an account the given member: the owner unless `rights` (codes to reaches) are given; keep a token of it."""
        with self.inside(), unit_of_work():
            member.account_id, member.state, member.is_owner = account.pk, Member.State.ACTIVE, rights is None
            member.save()
            if rights is not None:
                role = Role(id=key_of(Role, ASKING), name="colleague", title="Colleague", is_custom=True)
                role.save()
                for at, (code, reach) in enumerate(sorted(rights.items())):
                    RolePermission(id=key_of(RolePermission, ASKING + at), role=role, permission=code, reach=reach).save()
                RoleAssignment(id=key_of(RoleAssignment, ASKING), member=member, role=role, company=company).save()
            self.secret = f"tsr_p_{self.tenant.slug}-{member.pk}"
            token = AccessToken(id=key_of(AccessToken, ASKING), member=member, kind=AccessToken.Kind.PERSONAL, name="sweep")
            token.prefix, token.hash, token.epoch, token.scopes = "tsr_p_", digest(self.secret), member.epoch, ["*"]
            token.expires_at = timezone.now() + timedelta(days=1)
            token.save()

    def post(self, text: str, *, secret: str | None = None, **more: Any) -> Any:
        """Post a document to this tenant, with the token of whoever asks or with another one."""
        return self.client.post(
            "/graphql",
            json.dumps({"query": text, **more}),
            content_type="application/json",
            headers={"host": self.host, "authorization": f"Bearer {self.secret if secret is None else secret}"},
        )

    def get(self, path: str, **headers: str) -> Any:
        """Get an address of this tenant as whoever asks."""
        return self.client.get(path, headers={"host": self.host, "authorization": f"Bearer {self.secret}", **headers})

    def read_cursors(self, found: Iterable[Resource]) -> None:
        """Keep a cursor of every list that has a row for whoever asks."""
        for resource in found:
            name = lower_first(resource.plural)
            answer = self.post(f"{{ {name}(first: 1) {{ pageInfo {{ endCursor }} }} }}").json()
            page = (answer.get("data") or {}).get(name)
            if page and page["pageInfo"]["endCursor"]:
                self.cursors[resource.name] = page["pageInfo"]["endCursor"]


def raw(response: Any) -> bytes:
    """Return everything that a client gets: the status, the headers and the whole content."""
    head = f"{response.status_code} {dict(response.headers)}\n".encode()
    return head + (b"".join(response.streaming_content) if response.streaming else response.content)
