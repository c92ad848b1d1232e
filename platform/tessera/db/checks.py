"""What must hold of every model before the product starts: tenants' tables stand alone."""

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage, staticfiles_storage
from django.core.checks import Error, register
from django.db import connections, models

from tessera.db.guard.base import DatabaseWrapper as Guard
from tessera.db.router import is_public
from tessera.models import Model


@register()
def check_aliases(app_configs: Any, **options: Any) -> list[Error]:
    """Hold the two aliases to their parts: `default` guarded, `shared` plain, both to one database."""
    found = []
    if not isinstance(connections["default"], Guard):
        found.append(Error("the alias default is not the guard backend", id="tessera.E001"))
    if isinstance(connections["shared"], Guard):
        found.append(Error("the alias shared is the guard backend: it would have no tenant to enter", id="tessera.E002"))
    target = [tuple(settings.DATABASES[alias].get(part) for part in ("HOST", "PORT", "NAME")) for alias in ("default", "shared")]
    if target[0] != target[1]:
        found.append(Error("the aliases default and shared lead to two databases", id="tessera.E003"))
    return found


@register()
def check_apps(app_configs: Any, **options: Any) -> list[Error]:
    """Refuse an app, or a table, that would be in the public schema and in tenants."""
    both = settings.PUBLIC_LABELS & {_label_of(name) for name in settings.TENANT_APPS}
    found = [Error(f"{label} is a public app and a tenant app", id="tessera.E010") for label in sorted(both)]
    public = {model._meta.db_table for model in public_models()}
    for model in tenant_models():
        if model._meta.db_table in public:
            found.append(
                Error(f"the table {model._meta.db_table} would be in public and in tenants", obj=model, id="tessera.E011")
            )
    return found


def _label_of(name: str) -> str:
    """Return the label of an app by its name or the path of its AppConfig."""
    for config in apps.get_app_configs():
        if name in (config.name, f"{type(config).__module__}.{type(config).__qualname__}"):
            return config.label
    return name.rpartition(".")[2]


def every_model() -> list[type[models.Model]]:
    """Return all models with a table of their own, tables of many-to-many fields included."""
    return [model for model in apps.get_models(include_auto_created=True) if not model._meta.proxy and model._meta.managed]


def public_models() -> list[type[models.Model]]:
    """Return the models whose tables are in the public schema."""
    return [model for model in every_model() if is_public(model._meta.app_label)]


def tenant_models() -> list[type[models.Model]]:
    """Return the models whose tables are in each tenant's schema."""
    return [model for model in every_model() if not is_public(model._meta.app_label)]


@register()
def check_models(app_configs: Any, **options: Any) -> list[Error]:
    """Hold tenants' models to the kernel's base, to UUID keys and to immediate constraints."""
    return [
        error for model in tenant_models() for error in (*faults_of(model), *faulty_relations(model), *faulty_constraints(model))
    ]


def faults_of(model: type[models.Model]) -> Iterable[Error]:
    """Yield what is wrong with a tenant's model by itself."""
    meta = model._meta
    if meta.auto_created:
        yield Error(f"{meta.label} is the hidden table of a many-to-many field: write its model", obj=model, id="tessera.E020")
        return
    if not issubclass(model, Model):
        yield Error(f"{meta.label} does not inherit tessera.models.Model", obj=model, id="tessera.E021")
    if not isinstance(meta.pk, models.UUIDField):
        yield Error(f"{meta.label} has a key that is no UUID", obj=model, id="tessera.E022")
    if not meta.db_table.startswith(f"{meta.app_label}_"):
        yield Error(
            f"{meta.label}: the table {meta.db_table} does not begin with {meta.app_label}_", obj=model, id="tessera.E023"
        )


def faulty_relations(model: type[models.Model]) -> Iterable[Error]:
    """Yield what is wrong with the relations of a tenant's model to other apps."""
    for field in model._meta.get_fields():
        if not isinstance(field, models.ForeignKey):
            continue
        name, target = f"{model._meta.label}.{field.name}", field.remote_field.model
        if is_public(target._meta.app_label):
            yield Error(f"{name} points out of the tenant, to {target._meta.label}: keep the id", obj=model, id="tessera.E030")
        elif target._meta.app_label != model._meta.app_label:
            if field.remote_field.on_delete is not models.DO_NOTHING:
                yield Error(f"{name} points to another app and is not DO_NOTHING", obj=model, id="tessera.E031")
            if not field.remote_field.hidden:
                yield Error(f'{name} points to another app without related_name="+"', obj=model, id="tessera.E032")


def faulty_constraints(model: type[models.Model]) -> Iterable[Error]:
    """Yield the constraints of a tenant's model that are checked too late."""
    for constraint in model._meta.constraints:
        if getattr(constraint, "deferrable", None) is models.Deferrable.DEFERRED:
            yield Error(f"the constraint {constraint.name} is deferred; constraints hold at once", obj=model, id="tessera.E040")


@register()
def check_public_models(app_configs: Any, **options: Any) -> list[Error]:
    """Refuse a public table that points into tenants' schemas."""
    found = []
    for model in public_models():
        for field in model._meta.get_fields():
            if isinstance(field, models.ForeignKey) and not is_public(field.remote_field.model._meta.app_label):
                found.append(Error(f"{model._meta.label}.{field.name} points into a tenant", obj=model, id="tessera.E033"))
    return found


@register()
def check_static_files(app_configs: Any, **options: Any) -> list[Error]:
    """Refuse pages whose static files have hashed names that nobody has made: each would be an error of the server."""
    if isinstance(staticfiles_storage, ManifestStaticFilesStorage) and not staticfiles_storage.hashed_files:
        return [Error("static files were not collected: run `manage.py collectstatic`", id="tessera.E050")]
    return []
