"""How the lists of both peers are ordered."""

from django_filters import FilterSet, OrderingFilter

from tessera.bench.peers.models import ContactPoint, Party, SalesOrder


class ByName(FilterSet):
    """Customers by name; without an order by key as well, pages that are told by their place would not be the same twice."""

    order_by = OrderingFilter(fields=["name", "id"])

    class Meta:
        model = Party
        fields: list[str] = []


class AsTheyAre(FilterSet):
    """Addresses in no order."""

    class Meta:
        model = ContactPoint
        fields: list[str] = []


class ByDate(FilterSet):
    """Orders by their date."""

    order_by = OrderingFilter(fields=["document_date"])

    class Meta:
        model = SalesOrder
        fields: list[str] = []
