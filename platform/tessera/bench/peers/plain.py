"""The list by graphene-django's own types and `DjangoFilterConnectionField`, as its documentation shows them."""

import django

django.setup()

import graphene  # noqa: E402 (needs the apps)
from django.core.handlers.wsgi import WSGIHandler  # noqa: E402
from graphene import relay  # noqa: E402
from graphene_django import DjangoObjectType  # noqa: E402

# allow raw-list: this is the peer that we are measured beside; it serves nothing of ours
from graphene_django.filter import DjangoFilterConnectionField  # noqa: E402

from tessera.bench.peers import filters, models  # noqa: E402
from tessera.bench.peers.serving import paths  # noqa: E402


class ContactPoint(DjangoObjectType):
    """Where a customer is reached."""

    class Meta:
        model = models.ContactPoint
        fields = ("id", "kind", "value")
        filterset_class = filters.AsTheyAre
        interfaces = (relay.Node,)


class SalesOrder(DjangoObjectType):
    """An order of a customer."""

    class Meta:
        model = models.SalesOrder
        fields = ("id", "number", "state", "document_date", "gross_total", "currency")
        filterset_class = filters.ByDate
        interfaces = (relay.Node,)


class Party(DjangoObjectType):
    """A customer with its addresses and orders."""

    contact_points = DjangoFilterConnectionField(ContactPoint)
    sales_orders = DjangoFilterConnectionField(SalesOrder)

    class Meta:
        model = models.Party
        fields = ("id", "code", "name", "kind")
        filterset_class = filters.ByName
        interfaces = (relay.Node,)


class Query(graphene.ObjectType):
    """The root."""

    parties = DjangoFilterConnectionField(Party)


urlpatterns = paths(graphene.Schema(query=Query))
application = WSGIHandler()
