"""The tables of the list, as far as it shows them."""

from django.db import models


class Party(models.Model):
    """A customer."""

    id = models.UUIDField(primary_key=True)
    code = models.TextField()
    name = models.TextField()
    kind = models.TextField()

    class Meta:
        managed = False
        db_table = "base_party"


class ContactPoint(models.Model):
    """Where a customer is reached."""

    id = models.UUIDField(primary_key=True)
    party = models.ForeignKey(Party, models.DO_NOTHING, related_name="contact_points")
    kind = models.TextField()
    value = models.TextField()

    class Meta:
        managed = False
        db_table = "base_contactpoint"


class SalesOrder(models.Model):
    """An order of a customer."""

    id = models.UUIDField(primary_key=True)
    party = models.ForeignKey(Party, models.DO_NOTHING, related_name="sales_orders")
    number = models.TextField(null=True)
    state = models.TextField()
    document_date = models.DateField()
    gross_total = models.DecimalField(max_digits=20, decimal_places=4)
    currency = models.TextField()

    class Meta:
        managed = False
        db_table = "orders_salesorder"
