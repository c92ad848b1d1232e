"""`billing figures`: what the operators' page shows, for programs and for the terminal."""

import json
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand

from billing.selectors.figures import Churn, Cohort, all_figures


def add_figures(acts: Any) -> None:
    """Add `billing figures`."""
    parser = acts.add_parser("figures", help="show what comes in a month, who was lost, who stays after the trial, what is late")
    parser.add_argument("--json", action="store_true", help="for programs: amounts are text, shares in per cent")
    parser.add_argument("--months", type=int, default=6, help="how many months to look back (default: 6)")
    parser.set_defaults(run=run_figures)


def run_figures(command: BaseCommand, *, months: int, **options: Any) -> None:
    """Write the figures of now."""
    found = all_figures(max(1, months))
    if options["json"]:
        told = asdict(found) | {
            "churn": [_with_rate(each) for each in found.churn],
            "trials": [_cohort(each) for each in found.trials],
        }
        command.stdout.write(json.dumps(told, default=_plain, indent=2))
        return
    say = command.stdout.write
    for currency, amount in found.mrr.items():
        say(f"a month     {amount:>14} {currency}")
    for name, count in found.tenants.items():
        say(f"companies   {count:>14} {name}")
    for late in found.dunning:
        say(f"late        {late.amount:>14} {late.currency}, {late.invoices} invoices of {late.customers} customers")
    for lost in found.churn:
        amounts = ", ".join(f"{amount} {currency}" for currency, amount in lost.lost_revenue.items()) or "nothing"
        say(f"{lost.month}     {lost.lost} of {lost.customers} customers lost ({lost.rate} %), with {amounts} a month")
    for cohort in found.trials:
        say(f"{cohort.month}     {cohort.made} companies made: {cohort.converted} have paid, {cohort.in_trial} in their trial")


def _with_rate(each: Churn) -> dict[str, Any]:
    return asdict(each) | {"rate": each.rate}


def _cohort(each: Cohort) -> dict[str, Any]:
    return asdict(each) | {"left": each.left, "rate": each.rate}


def _plain(value: Any) -> str:
    return format(value, "f") if isinstance(value, Decimal) else value.isoformat()
