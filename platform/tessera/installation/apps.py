"""What is installed in a tenant, told by the tenant's own schema."""

from django.apps import AppConfig


class InstallationApp(AppConfig):
    name = "tessera.installation"
    label = "installation"

    def ready(self) -> None:
        from tessera import vendors  # noqa: F401 (registers)
        from tessera.db import checks  # noqa: F401 (registers)
        from tessera.installation import permissions  # noqa: F401 (registers)
