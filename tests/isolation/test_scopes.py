"""What belongs to a record that not everybody sees is not seen by everybody either."""

from tessera.graph.schemas import schema_for
from tessera.graph.shapes import ChildList
from tessera.module import modules

SAMPLES = {"Book"}  # the samples show on purpose what it means to declare no scope


def is_scoped(resource):
    scope = resource.scope
    return bool(scope.owner or scope.unit or scope.company or scope.on_record)


def test_what_is_nested_in_a_scoped_record_has_a_scope_of_its_own():
    """Nested it is reached by its parent alone, but its own list starts from all its rows."""
    open_ones = {
        f"{shape.name}.{name}: {member.child.name}"
        for shape in schema_for(frozenset(modules())).extensions["shapes"]
        for name, member in shape.members.items()
        if isinstance(member, ChildList) and is_scoped(shape.resource) and not is_scoped(member.child)
        if member.child.name not in SAMPLES
    }
    assert open_ones == set()
