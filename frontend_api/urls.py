"""Public pages and the GraphQL endpoint."""

urlpatterns: list = []
