"""The addresses of the accounts host for prices and for paying, and a company's own for what it bought."""

from django.urls import path

from billing import views
from billing.catalogue import views as catalogue_views
from billing.lifecycle import views as lifecycle_views
from billing.partners import views as partner_views

urlpatterns = [
    path("pricing", catalogue_views.pricing, name="pricing"),
    path("billing/checkout/<uuid:checkout>", views.bought, name="bought"),
    path("billing", lifecycle_views.companies, name="billing"),
    path("billing/<slug:slug>", lifecycle_views.company, name="billing_company"),
    path("billing/<slug:slug>/pay", lifecycle_views.pay, name="billing_pay"),
    path("billing/<slug:slug>/export", lifecycle_views.export, name="billing_export"),
    path("partners/", partner_views.partners, name="partners"),
    path("partners/<slug:vendor>/", partner_views.partner, name="partner"),
    path("partners/<slug:vendor>/<str:month>/<str:currency>/", partner_views.statement, name="partner_statement"),
    path("partners/<slug:vendor>/<str:month>/<str:currency>.csv", partner_views.statement_csv, name="partner_statement_csv"),
]
