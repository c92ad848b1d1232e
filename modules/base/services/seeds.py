"""What every tenant starts with."""

from decimal import Decimal

from tessera.api import service

from modules.base.models import Dimension, PaymentTerm, PaymentTermLine, Unit

UNITS = (("pcs", "piece", 0), ("kg", "kilogram", 3), ("l", "litre", 3), ("m", "metre", 3), ("h", "hour", 2))
TERMS = (
    ("net0", "Due at once", 0, "invoice", False),
    ("net30", "30 days", 30, "invoice", False),
    ("month30", "30 days, month's end", 30, "invoice", True),
    ("statement30", "30 days after the month's statement", 30, "statement", False),
)
DIMENSIONS = (("cost_centre", "Cost centre"), ("project", "Project"), ("channel", "Channel"), ("cash_flow", "Cash-flow item"))


@service()
def seed_base() -> None:
    """Add the units, payment terms and dimensions that are not there yet; enabling again changes nothing."""
    for code, name, decimals in UNITS:
        if not Unit.objects.filter(code=code).exists():
            Unit(code=code, name=name, decimals=decimals).save()
    for code, name, days, base, month_end in TERMS:
        if not PaymentTerm.objects.filter(code=code).exists():
            term = PaymentTerm(code=code, name=name)
            term.save()
            PaymentTermLine(term=term, position=1, share=Decimal(1), days=days, base=base, month_end=month_end).save()
    for code, name in DIMENSIONS:
        if not Dimension.objects.filter(code=code).exists():
            Dimension(code=code, name=name, system=code == "cash_flow").save()
