"""The accounts host's addresses for plans and prices, and for paying."""

from django.urls import path

from billing.catalogue.views import pricing
from billing.lifecycle import views

urlpatterns = [
    path("pricing", pricing, name="pricing"),
    path("billing", views.companies, name="billing"),
    path("billing/<slug:slug>", views.company, name="billing_company"),
    path("billing/<slug:slug>/pay", views.pay, name="billing_pay"),
    path("billing/<slug:slug>/export", views.export, name="billing_export"),
]
