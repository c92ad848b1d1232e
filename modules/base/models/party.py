"""The one party master: whoever we deal with, whatever for."""

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from tessera.api import AmountField, CurrencyField, MemberKey, Record, search_index


class Party(Record):
    """A person or an organisation. A merged party stays and points to the one it became."""

    class Kind(models.TextChoices):
        PERSON = "person", _("person")
        ORGANISATION = "organisation", _("organisation")

    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices, default=Kind.ORGANISATION)
    code = models.CharField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=200)
    legal_name = models.CharField(_("legal name"), max_length=200, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    owner = MemberKey(_("owner"), null=True, blank=True)
    org_unit = models.ForeignKey(
        "base.OrgUnit",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=pgettext_lazy("organisation", "unit"),
    )
    employer = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="contacts",
        verbose_name=_("works for"),
    )
    merged_into = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="merged",
        verbose_name=_("merged into"),
    )
    note = models.TextField(_("note"), blank=True)
    origin = models.CharField(_("origin"), max_length=20, default="manual")
    external_id = models.CharField(_("external id"), max_length=100, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("party")
        verbose_name_plural = _("parties")
        constraints = [
            models.UniqueConstraint(fields=["code"], name="party_code_once"),
            models.UniqueConstraint(
                fields=["origin", "external_id"], condition=~models.Q(external_id=""), name="party_external_id_once"
            ),
            models.CheckConstraint(condition=~models.Q(merged_into=models.F("id")), name="party_not_merged_into_itself"),
            models.CheckConstraint(
                condition=models.Q(employer__isnull=True) | ~models.Q(employer=models.F("id")), name="party_not_its_own_employer"
            ),
        ]
        indexes = [
            models.Index(fields=["created_at", "id"], name="party_by_creation"),
            models.Index(fields=["employer", "id"], name="party_by_employer"),
            models.Index(fields=["name", "id"], name="party_by_name"),
            search_index("name", "legal_name", "code", name="party_search"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse to change a merged party, and to let somebody work for one."""
        if self.merged_into_id:
            raise merged("")
        if self.employer and self.employer.merged_into_id:
            raise merged("employer")


def merged(field: str) -> ValidationError:
    """Return the refusal of what would use a merged party anew."""
    problem = ValidationError(_("This party was merged; use the one it became."), code="STATE")
    return ValidationError({field: problem}) if field else problem


class OfParty(Record):
    """What belongs to a party; a merged one gets nothing new."""

    class Meta(Record.Meta):
        abstract = True

    def clean(self) -> None:
        """Refuse with STATE what is added to a merged party, or changed of it."""
        if self.party_id and self.party.merged_into_id:  # type: ignore[attr-defined]
            raise merged("party")


class PartyRole(OfParty):
    """What a party is to one of our companies, and on which terms."""

    class Role(models.TextChoices):
        CUSTOMER = "customer", _("customer")
        SUPPLIER = "supplier", _("supplier")
        EMPLOYEE = "employee", _("employee as creditor")
        CARRIER = "carrier", _("carrier")
        BANK = "bank", _("bank")

    party = models.ForeignKey(Party, on_delete=models.CASCADE, related_name="roles", verbose_name=_("party"))
    company = models.ForeignKey("base.Company", on_delete=models.PROTECT, related_name="+", verbose_name=_("company"))
    role = models.CharField(_("role"), max_length=10, choices=Role.choices)
    payment_term = models.ForeignKey(
        "base.PaymentTerm", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("payment term")
    )
    currency = CurrencyField(_("currency"), blank=True)
    tax_status = models.CharField(_("tax status"), max_length=30, blank=True)
    credit_limit = AmountField(_("credit limit"), null=True, blank=True)
    account_group = models.CharField(_("account group"), max_length=30, blank=True)
    blocked = models.BooleanField(_("blocked"), default=False)

    class Meta(Record.Meta):
        verbose_name = _("party role")
        verbose_name_plural = _("party roles")
        constraints = [
            models.UniqueConstraint(fields=["party", "company", "role"], name="party_role_once"),
            models.CheckConstraint(
                condition=models.Q(credit_limit__isnull=True) | models.Q(credit_limit__gte=0), name="credit_limit_not_negative"
            ),
        ]
        indexes = [models.Index(fields=["role", "id"], name="party_role_by_role")]


class Address(OfParty):
    """A postal address of a party."""

    class Kind(models.TextChoices):
        MAIN = "main", _("main")
        BILLING = "billing", pgettext_lazy("address", "billing")
        DELIVERY = "delivery", pgettext_lazy("address", "delivery")

    party = models.ForeignKey(Party, on_delete=models.CASCADE, related_name="addresses", verbose_name=_("party"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.MAIN)
    recipient = models.CharField(_("recipient"), max_length=200, blank=True)
    street = models.CharField(_("street"), max_length=300, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    region = models.CharField(_("region"), max_length=100, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=20, blank=True)
    country = models.CharField(_("country"), max_length=60, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("address")
        verbose_name_plural = _("addresses")
        indexes = [models.Index(fields=["city", "id"], name="address_by_city")]


class ContactPoint(OfParty):
    """A way to reach a party; `normalised` is what duplicates are found by."""

    class Kind(models.TextChoices):
        EMAIL = "email", _("e-mail")
        PHONE = "phone", _("phone")
        FAX = "fax", _("fax")
        WEB = "web", _("web site")

    party = models.ForeignKey(Party, on_delete=models.CASCADE, related_name="contact_points", verbose_name=_("party"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    value = models.CharField(_("value"), max_length=300)
    normalised = models.CharField(_("as compared"), max_length=300, editable=False)

    class Meta(Record.Meta):
        verbose_name = _("contact point")
        verbose_name_plural = _("contact points")
        constraints = [models.UniqueConstraint(fields=["party", "kind", "normalised"], name="contact_point_once")]
        indexes = [
            models.Index(fields=["value", "id"], name="contact_point_in_value_order"),
            models.Index(fields=["kind", "normalised"], name="contact_point_by_value"),
        ]


def plain_tax_number(number: str) -> str:
    """Return a tax number as it is kept and found: without spaces, in capitals."""
    return "".join(number.split()).upper()


class TaxRegistration(OfParty):
    """A party's tax number in a country (two letters), kept without spaces and in capitals."""

    party = models.ForeignKey(Party, on_delete=models.CASCADE, related_name="tax_registrations", verbose_name=_("party"))
    country = models.CharField(_("country"), max_length=2)
    number = models.CharField(_("tax number"), max_length=40)

    class Meta(Record.Meta):
        verbose_name = _("tax registration")
        verbose_name_plural = _("tax registrations")
        constraints = [
            models.UniqueConstraint(fields=["party", "country", "number"], name="tax_registration_once"),
            models.CheckConstraint(condition=models.Q(country__regex="^[A-Z]{2}$"), name="tax_registration_has_country"),
        ]
        indexes = [models.Index(fields=["number", "id"], name="tax_registration_by_number")]

    def clean(self) -> None:
        """Spell country and number in the one way."""
        super().clean()
        self.country, self.number = self.country.upper(), plain_tax_number(self.number)


class BankAccount(OfParty):
    """A bank account of a party."""

    party = models.ForeignKey(Party, on_delete=models.CASCADE, related_name="bank_accounts", verbose_name=_("party"))
    bank = models.CharField(_("bank"), max_length=200)
    number = models.CharField(_("account number"), max_length=60)
    currency = CurrencyField(_("currency"), blank=True)

    class Meta(Record.Meta):
        verbose_name = _("bank account")
        verbose_name_plural = _("bank accounts")
        constraints = [models.UniqueConstraint(fields=["party", "number"], name="bank_account_once")]
        indexes = [models.Index(fields=["bank", "id"], name="bank_account_by_bank")]
