"""What the API of a company shows of the apps that were registered for it."""

from tessera.accounts.oauth import services
from tessera.resource import Mutation, Report

Report(name="apps", selector=services.list_apps, permission="access.app_manage")
Mutation(name="app_register", service=services.register_app)
Mutation(name="app_secret_rotate", service=services.rotate_app_secret)
Mutation(name="app_remove", service=services.remove_app)
