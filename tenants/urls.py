"""The accounts host's addresses for signing up."""

from django.urls import path

from tenants import views

urlpatterns = [
    path("signup", views.sign_up, name="signup"),
    path("signup/sent", views.sent, name="signup_sent"),
    path("signup/confirm/<str:token>", views.confirm, name="signup_confirm"),
    path("dev/mail", views.mail, name="dev_mail"),
]
