"""The accounts host's address for plans and prices."""

from django.urls import path

from billing.catalogue import views

urlpatterns = [
    path("pricing", views.pricing, name="pricing"),
]
