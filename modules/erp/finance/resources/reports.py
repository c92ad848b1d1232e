"""Questions to the books that are more than rows."""

from tessera.api import Report

from modules.erp.finance import selectors, services

SEE = "finance.report_view"

Report(name="trial_balance", selector=selectors.trial_balance, permission=SEE)
Report(name="general_ledger", selector=selectors.general_ledger, permission=SEE)
Report(name="balance_sheet", selector=selectors.balance_sheet, permission=SEE)
Report(name="income_statement", selector=selectors.income_statement, permission=SEE)
Report(name="ageing", selector=selectors.ageing, permission=SEE)
Report(name="received_not_billed", selector=selectors.received_not_billed, permission=SEE)
Report(name="shipped_not_invoiced", selector=selectors.shipped_not_invoiced, permission=SEE)
Report(name="reconciliation", selector=selectors.reconciliation, permission=SEE)
Report(name="chain_check", selector=selectors.chain_check, permission=SEE)
Report(name="explain_account", selector=services.explain_account, permission=SEE)
