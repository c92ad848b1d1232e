"""Questions that are more than rows."""

from tessera.api import Report

from modules.scm.stock import selectors

Report(name="stock_on_hand", selector=selectors.stock_on_hand, permission="stock.stock_balance_view")
Report(name="stock_value", selector=selectors.stock_value, permission="stock.value_view")
Report(name="goods_shipped", selector=selectors.goods_shipped, permission="stock.value_view")
