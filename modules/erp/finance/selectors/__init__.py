"""What finance can tell."""

from modules.erp.finance.selectors.chain import ChainCheck, chain_check
from modules.erp.finance.selectors.invoices import due_dates, open_amounts, payment_states
from modules.erp.finance.selectors.lists import (
    ReconciliationRow,
    WaitingRow,
    received_not_billed,
    reconciliation,
    shipped_not_invoiced,
)
from modules.erp.finance.selectors.open_items import Ageing, AgeingRow, LedgerSide, ageing, items_as_of, receivables_of
from modules.erp.finance.selectors.periods import is_open
from modules.erp.finance.selectors.statements import Statement, StatementRow, balance_sheet, income_statement
from modules.erp.finance.selectors.story import booked_by, settled_by
from modules.erp.finance.selectors.trial_balance import GeneralLedger, TrialBalance, general_ledger, trial_balance

__all__ = [name for name in dir() if not name.startswith("_")]
