"""What the API tells of how documents hang together."""

from tessera.lineage.selectors import document_graph
from tessera.resource import Report

# Each document in it is shown to whoever may view that document: there is no right of its own.
Report(name="document_graph", selector=document_graph, permission="")
