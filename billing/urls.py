"""The accounts host's address for plans and prices, and a company's for what it bought."""

from django.urls import path

from billing import views
from billing.catalogue import views as catalogue_views

urlpatterns = [
    path("pricing", catalogue_views.pricing, name="pricing"),
    path("billing/checkout/<uuid:checkout>", views.bought, name="bought"),
]
