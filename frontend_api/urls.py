"""Public pages and the GraphQL endpoint."""

from django.urls import path

from frontend_api import archives, explorer, exports, files, health, home, public, stripe, views

urlpatterns = [
    path("", home.home, name="home"),
    path("graphql", views.graphql, name="graphql"),
    path("graphiql", explorer.explorer, name="explorer"),
    path("public/<str:name>/<str:token>", public.page, name="public"),
    path("uploads/<str:token>", files.upload, name="upload"),
    path("bulk/<str:token>", files.result, name="bulk"),
    path("files/<uuid:attachment>", files.download, name="file"),
    path("export/<str:plural>.csv", exports.export, name="export"),
    path("archives/<str:token>", archives.download, name="archive"),
    path("stripe/webhook", stripe.webhook, name="stripe_webhook"),
    path("health", health.health, name="health"),
]
