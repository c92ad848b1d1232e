"""What a module owns in the tenant in force, told by the catalogue and the prefix of its names."""

from dataclasses import dataclass

from django.db import connections

from tessera.module import modules

OWNED = """
    SELECT CASE WHEN relkind IN ('v', 'm') THEN 'views' WHEN relkind = 'S' THEN 'sequences' ELSE 'tables' END, relname, relname
      FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S')
       AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = pg_class.oid AND relkind = 'S' AND d.deptype IN ('a', 'i'))
    UNION ALL
    SELECT 'functions', proname, oid::regprocedure::text FROM pg_proc WHERE pronamespace = current_schema()::regnamespace
    UNION ALL
    SELECT 'types', typname, typname FROM pg_type
     WHERE typnamespace = current_schema()::regnamespace AND typtype IN ('e', 'd', 'r')
    ORDER BY 1, 2
"""


@dataclass(frozen=True)
class Inventory:
    """Names of what a module owns; functions with their argument types."""

    tables: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    sequences: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    types: tuple[str, ...] = ()

    @staticmethod
    def listed(names: tuple[str, ...]) -> str:
        """Return names as SQL."""
        return ", ".join(f'"{name}"' for name in names)

    def drops(self) -> list[str]:
        """Return the statements that drop it all; none cascades, so what others use is refused."""
        made = [f"DROP VIEW {self.listed(self.views)}"] if self.views else []
        made += [f"DROP TABLE {self.listed(self.tables)}"] if self.tables else []
        made += [f"DROP SEQUENCE {self.listed(self.sequences)}"] if self.sequences else []
        made += [f"DROP FUNCTION {signature}" for signature in self.functions]
        made += [f"DROP TYPE {self.listed(self.types)}"] if self.types else []
        return made


def owner_of(name: str, labels: list[str]) -> str | None:
    """Return the label whose prefix a name carries, the longest that fits."""
    fitting = [label for label in labels if name.startswith(f"{label}_")]
    return max(fitting, key=len, default=None)


def inventory_of(label: str) -> Inventory:
    """Return what the module `label` owns in the tenant in force."""
    labels = list(modules())
    with connections["default"].cursor() as cursor:
        cursor.execute(OWNED)
        rows = cursor.fetchall()
    found: dict[str, list[str]] = {}
    for kind, name, spelled in rows:
        if owner_of(name, labels) == label:
            found.setdefault(kind, []).append(spelled)
    return Inventory(**{kind: tuple(names) for kind, names in found.items()})
