"""Every tenant host's addresses for beginning and ending a session."""

from django.urls import path

from tessera.accounts.views import session

urlpatterns = [
    path("session", session.begin, name="session"),
    path("session/start", session.start, name="session_start"),
    path("session/end", session.end, name="session_end"),
]
