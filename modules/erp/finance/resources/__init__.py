"""What finance shows and offers."""

from modules.erp.finance.resources import documents, ledger, reports, settlement

__all__ = ["documents", "ledger", "reports", "settlement"]
