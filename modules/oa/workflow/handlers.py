"""The gate of workflow: it is asked before every transition of every document."""

from tessera.api import gate

from modules.oa.workflow.services import ask, hold

gate(ask=ask, hold=hold)
