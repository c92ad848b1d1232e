"""What PostgreSQL's catalogue says against the tenant in force: whatever would keep its schema from standing, moving or failing alone.

A tenant's schema may one day lie on another server. So nothing in it points out of it or is pointed to, every
constraint holds at once (a deferred one can lose rows on a distributed engine), every table has a primary
key (rows are moved by it), and functions only refuse: what they wrote, no audit would know.
"""

import re

from django.conf import settings
from django.db import connections

from tessera.db.guard.base import EXTENSIONS

MEANING = {
    "OTHERS": "NOT IN (MINE, 'pg_catalog'::regnamespace, to_regnamespace(%(ext)s))",
    "MINE": "current_schema()::regnamespace",
}
QUERIES = {  # by what is said of the columns of each row
    "{} points out of the schema, to {}": """
        SELECT c.conrelid::regclass::text || '.' || c.conname, c.confrelid::regclass::text
          FROM pg_constraint c JOIN pg_class target ON target.oid = c.confrelid
         WHERE c.connamespace = MINE AND c.contype = 'f' AND target.relnamespace OTHERS""",
    "{} points into the schema, to {}": """
        SELECT c.conrelid::regclass::text || '.' || c.conname, c.confrelid::regclass::text
          FROM pg_constraint c JOIN pg_class target ON target.oid = c.confrelid
         WHERE c.connamespace OTHERS AND c.contype = 'f' AND target.relnamespace = MINE""",
    "{} depends on {} of another schema": """
        SELECT DISTINCT coalesce(view.oid, def.adrelid, fired.tgrelid)::regclass::text,
                        coalesce(used.oid::regclass::text, proc.oid::regprocedure::text)
          FROM pg_depend d
          LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
          LEFT JOIN pg_class view ON view.oid = r.ev_class
          LEFT JOIN pg_attrdef def ON d.classid = 'pg_attrdef'::regclass AND def.oid = d.objid
          LEFT JOIN pg_trigger fired ON d.classid = 'pg_trigger'::regclass AND fired.oid = d.objid AND NOT fired.tgisinternal
          JOIN pg_class mine ON mine.oid = coalesce(view.oid, def.adrelid, fired.tgrelid) AND mine.relnamespace = MINE
          LEFT JOIN pg_class used ON d.refclassid = 'pg_class'::regclass AND used.oid = d.refobjid
          LEFT JOIN pg_proc proc ON d.refclassid = 'pg_proc'::regclass AND proc.oid = d.refobjid
         WHERE coalesce(used.relnamespace, proc.pronamespace) OTHERS""",
    "{} is checked late: {}": """
        SELECT conrelid::regclass::text || '.' || conname, pg_get_constraintdef(oid)
          FROM pg_constraint WHERE connamespace = MINE AND condeferred""",
    "{} is not checked: {}": """
        SELECT conrelid::regclass::text || '.' || conname, pg_get_constraintdef(oid)
          FROM pg_constraint WHERE connamespace = MINE AND (NOT convalidated OR NOT conenforced)""",
    "{} has no primary key": """
        SELECT relname FROM pg_class t WHERE relnamespace = MINE AND relkind IN ('r', 'p')
           AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conrelid = t.oid AND contype = 'p')""",
    "{} does not survive a crash": """
        SELECT relname FROM pg_class WHERE relnamespace = MINE AND relpersistence <> 'p'""",
    "{} belongs to {}": """
        SELECT relname, pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace = MINE
           AND relkind IN ('r', 'p', 'v', 'm', 'S') AND pg_get_userbyid(relowner) <> %(owner)s""",
    "the trigger {} of {} is switched off": """
        SELECT tgname, tgrelid::regclass::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
         WHERE c.relnamespace = MINE AND tgenabled IN ('D', 'R')""",
}
FUNCTIONS = """
    SELECT proname, lanname, prosrc FROM pg_proc JOIN pg_language l ON l.oid = prolang WHERE pronamespace = MINE ORDER BY 1"""
SILENT = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)  # comments and texts
WRITES = re.compile(
    r"\bINSERT\s+INTO\b|\bUPDATE\s+(?:ONLY\s+)?[\w\".]+(?:\s+(?:AS\s+)?\w+)?\s+SET\b|\bDELETE\s+FROM\b|\bMERGE\s+INTO\b|\bTRUNCATE\s"
    r"|\bEXECUTE\s|\bNOTIFY\s|\bpg_notify\b|\bset_config\b|\b(?:nextval|setval)\s*\("
    r"|(?:^|;|\bTHEN|\bELSE|\bBEGIN|\bLOOP)\s*NEW(?:\.\w+)?\s*:?=",
    re.IGNORECASE,
)
READABLE = ("plpgsql", "sql")


def faults() -> list[str]:
    """Return everything that the catalogue says against the tenant in force, one sentence each."""
    found = []
    for sentence, query in QUERIES.items():
        found += [sentence.format(*row) for row in sorted(_ask(query))]
    for name, language, source in _ask(FUNCTIONS):
        if language not in READABLE:
            found.append(f"the function {name} is written in {language}, which nobody can check")
        elif written := WRITES.search(SILENT.sub(" ", source)):
            found.append(f"the function {name} writes: {' '.join(written.group().split())}")
    return found


def _ask(query: str) -> list[tuple]:
    for word, meaning in MEANING.items():
        query = query.replace(word, meaning)
    with connections["default"].cursor() as cursor:
        cursor.execute(query, {"ext": EXTENSIONS, "owner": settings.TESSERA_OWNER_ROLE})
        return cursor.fetchall()
