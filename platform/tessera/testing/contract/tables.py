"""Tables: keys, relations across modules, constraints, migrations."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import models
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from tessera.db.router import is_public
from tessera.fields import KeyField, ModuleKey
from tessera.models import Model
from tessera.module import modules
from tessera.testing.contract.parts import Part, check

TOO_VAGUE = (models.FloatField, models.BigAutoField, models.AutoField)


def keys_of(model: type[models.Model]) -> list[Any]:
    """Return a model's columns that are foreign keys."""
    return [column for column in model._meta.local_concrete_fields if column.remote_field]


@check
def models_are_rows_of_a_tenant(part: Part) -> Iterator[str]:
    """Every model inherits tessera's Model, keeps its manager, and has a UUIDv7 as its key."""
    for model in part.models:
        name = model._meta.label
        if not issubclass(model, Model):
            yield f"{name} does not inherit tessera.api's Model or Record"
        if not isinstance(model._meta.pk, KeyField):
            yield f"{name}: its key is a {type(model._meta.pk).__name__}"
        if "objects" not in model._meta.managers_map or model._meta.base_manager.name != "objects":
            yield f"{name}: its base manager is not `objects`, so writes may pass the audit"
        if not model._meta.db_table.startswith(f"{part.label}_"):
            yield f"{name}: its table {model._meta.db_table} has not the label as prefix"
        for column in model._meta.local_concrete_fields:
            if isinstance(column, TOO_VAGUE):
                yield f"{name}.{column.name} is a {type(column).__name__}"
        for relation in model._meta.local_many_to_many:
            yield f"{name}.{relation.name}: write the table between the two as a model"


@check
def keys_stay_in_the_tenant(part: Part) -> Iterator[str]:
    """No foreign key leaves the tenant's schema."""
    for model in part.models:
        for column in keys_of(model):
            if is_public(column.related_model._meta.app_label):
                yield f"{model._meta.label}.{column.name} points to {column.related_model._meta.label}, which is public"


@check
def relations_go_to_dependencies(part: Part) -> Iterator[str]:
    """A foreign key points into the module, its dependencies or the kernel; anything else is a ModuleKey."""
    for model in part.models:
        for column in keys_of(model):
            label = column.related_model._meta.app_label
            if label in modules() and label not in part.closure:
                yield f"{model._meta.label}.{column.name} points to {label}, which is not in depends: use ModuleKey"


@check
def keys_across_modules_do_nothing(part: Part) -> Iterator[str]:
    """A foreign key into another app is DO_NOTHING and leaves no trace there: related_name "+"."""
    for model in part.models:
        for column in keys_of(model):
            if column.related_model._meta.app_label == part.label:
                continue
            if column.remote_field.on_delete is not models.DO_NOTHING:
                yield f"{model._meta.label}.{column.name}: on_delete is {column.remote_field.on_delete.__name__}, not DO_NOTHING"
            if not str(column.remote_field.related_name).endswith("+"):
                yield f'{model._meta.label}.{column.name}: related_name is not "+"'


@check
def keys_are_indexed(part: Part) -> Iterator[str]:
    """Every foreign key and every ModuleKey leads an index, so that what points to a row is found."""
    for model in part.models:
        leading = leading_columns(model)
        for column in model._meta.local_concrete_fields:
            if (column.remote_field or isinstance(column, ModuleKey)) and column.name not in leading:
                yield f"{model._meta.label}.{column.name} has no index"


def leading_columns(model: type[models.Model]) -> set[str]:
    """Return the names of the columns that some index or unique constraint begins with."""
    meta = model._meta
    leading = {column.name for column in meta.local_concrete_fields if column.db_index or column.unique}
    leading |= {index.fields[0].removeprefix("-") for index in meta.indexes if index.fields}
    leading |= {each.fields[0] for each in meta.constraints if isinstance(each, models.UniqueConstraint) and each.fields}
    return leading


@check
def module_keys_name_a_model(part: Part) -> Iterator[str]:
    """A ModuleKey names its target as `label.Model`, and the model exists where its module is installed."""
    for model in part.models:
        for column in model._meta.local_concrete_fields:
            if not isinstance(column, ModuleKey) or not column.target:
                continue
            label, _, name = column.target.partition(".")
            if not name:
                yield f"{model._meta.label}.{column.name}: {column.target!r} is no label.Model"
            elif label in modules() and name.lower() not in apps.all_models[label]:
                yield f"{model._meta.label}.{column.name}: there is no model {column.target}"


@check
def constraints_hold_at_once(part: Part) -> Iterator[str]:
    """Every constraint is checked with the statement, none at the commit."""
    for model in part.models:
        for constraint in model._meta.constraints:
            if getattr(constraint, "deferrable", None) is models.Deferrable.DEFERRED:
                yield f"{model._meta.label}: {constraint.name} is deferred"


@check
def there_is_one_migration(part: Part) -> Iterator[str]:
    """A module with tables has exactly one migration, 0001_initial, and the models are as it says."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    names = sorted(name for label, name in loader.disk_migrations if label == part.label)
    if names != (["0001_initial"] if part.models else []):
        yield f"the migrations are {names}"
    detector = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps))
    for migration in detector.changes(graph=loader.graph).get(part.label, []):
        for operation in migration.operations:
            yield f"a change has no migration: {operation.describe()}"
