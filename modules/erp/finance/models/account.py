"""Accounts, what they demand of their lines, and which account a purpose means."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from tessera.api import CurrencyField, ModuleKey, Record, search_index


class Control(models.TextChoices):
    """The subledger whose sum an account is; only that subledger posts to it."""

    NONE = "", _("none")
    RECEIVABLE = "receivable", _("receivables")
    PAYABLE = "payable", _("payables")
    ADVANCE_RECEIVED = "advance_received", _("advances received")
    ADVANCE_PAID = "advance_paid", _("advances paid")
    STOCK = "stock", _("stock")
    RECEIVED_NOT_BILLED = "received_not_billed", _("goods received, not billed")
    SHIPPED_NOT_INVOICED = "shipped_not_invoiced", _("goods shipped, not invoiced")


class Account(Record):
    """An account of a book."""

    class Type(models.TextChoices):
        ASSET = "asset", _("asset")
        LIABILITY = "liability", _("liability")
        EQUITY = "equity", _("equity")
        COST = "cost", _("cost of production")
        INCOME = "income", _("income")
        EXPENSE = "expense", _("expense")

    book = models.ForeignKey(
        "finance.Book", on_delete=models.PROTECT, db_index=False, related_name="accounts", verbose_name=_("book")
    )
    parent = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="children",
        verbose_name=_("heading"),
    )
    code = models.CharField(_("code"), max_length=30)
    name = models.CharField(_("name"), max_length=200)
    type = models.CharField(_("type"), max_length=10, choices=Type.choices)
    control = models.CharField(_("control account of"), max_length=30, choices=Control.choices, blank=True, default=Control.NONE)
    group = models.BooleanField(_("only a heading"), default=False)
    cash = models.BooleanField(_("cash or bank"), default=False)
    requires_party = models.BooleanField(_("needs a party"), default=False)
    requires_quantity = models.BooleanField(_("needs a quantity"), default=False)
    requires_dimensions = models.BooleanField(_("needs dimensions"), default=False, editable=False)
    currency = CurrencyField(_("kept in the currency"), blank=True)
    active = models.BooleanField(pgettext_lazy("record", "active"), default=True)

    class Meta(Record.Meta):
        verbose_name = pgettext_lazy("accounting", "account")
        verbose_name_plural = pgettext_lazy("accounting", "accounts")
        constraints = [
            models.UniqueConstraint(fields=["book", "code"], name="account_once"),
            models.CheckConstraint(condition=~models.Q(parent=models.F("id")), name="account_not_its_own_parent"),
        ]
        indexes = [
            models.Index(fields=["code", "id"], name="account_by_code"),
            models.Index(fields=["parent", "id"], name="account_by_parent"),
            models.Index(fields=["book", "id"], name="account_by_book"),
            search_index("code", "name", name="account_search"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class AccountDimension(Record):
    """A dimension that every line of an account must carry."""

    account = models.ForeignKey(
        Account, on_delete=models.CASCADE, related_name="dimensions", verbose_name=pgettext_lazy("accounting", "account")
    )
    dimension = models.ForeignKey("base.Dimension", on_delete=models.DO_NOTHING, related_name="+", verbose_name=_("dimension"))

    class Meta(Record.Meta):
        verbose_name = _("required dimension")
        verbose_name_plural = _("required dimensions")
        constraints = [models.UniqueConstraint(fields=["account", "dimension"], name="account_dimension_once")]


class AccountMap(Record):
    """The account that a purpose means in a book; the row that matches the most specific keys wins.

    A blank key matches anything. In order of weight: item, its category, warehouse, party group, tax.
    """

    book = models.ForeignKey(
        "finance.Book", on_delete=models.PROTECT, db_index=False, related_name="account_map", verbose_name=_("book")
    )
    purpose = models.CharField(_("purpose"), max_length=40)
    item = models.ForeignKey(
        "base.Item", on_delete=models.DO_NOTHING, null=True, blank=True, related_name="+", verbose_name=_("item")
    )
    item_category = models.ForeignKey(
        "base.ItemCategory", on_delete=models.DO_NOTHING, null=True, blank=True, related_name="+", verbose_name=_("item category")
    )
    warehouse = ModuleKey("stock.Warehouse", null=True, blank=True, verbose_name=_("warehouse"))
    party_group = models.CharField(_("account group of the party"), max_length=30, blank=True)
    tax = models.ForeignKey(
        "base.Tax", on_delete=models.DO_NOTHING, null=True, blank=True, related_name="+", verbose_name=_("tax")
    )
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", verbose_name=pgettext_lazy("accounting", "account")
    )

    class Meta(Record.Meta):
        verbose_name = _("account determination")
        verbose_name_plural = _("account determinations")
        constraints = [
            models.UniqueConstraint(
                fields=["book", "purpose", "item", "item_category", "warehouse", "party_group", "tax"],
                name="account_map_once",
                nulls_distinct=False,
            ),
        ]
        indexes = [
            models.Index(fields=["purpose", "id"], name="account_map_by_purpose"),
            models.Index(fields=["book", "id"], name="account_map_by_book"),
            models.Index(fields=["warehouse"], condition=~models.Q(warehouse=None), name="account_map_by_warehouse"),
        ]
