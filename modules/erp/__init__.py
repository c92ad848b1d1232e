"""ERP: the parts that run a company's orders and books."""
