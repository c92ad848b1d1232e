"""CRM: the parts that win and keep customers."""
