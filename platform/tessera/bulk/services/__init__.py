"""Start and cancel bulk operations, and run them slice by slice."""

from tessera.bulk.services.asking import cancel_operation, start_export, start_import

__all__ = ["cancel_operation", "start_export", "start_import"]
