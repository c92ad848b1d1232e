"""The feed of changes as a root field; which rights it needs is asked of each kind of record."""

from tessera.changes import selectors
from tessera.resource import Report

Report(name="changes", selector=selectors.changes, permission="")
