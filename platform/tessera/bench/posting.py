"""Post an entry of four lines, with all the rules of the books."""

from decimal import Decimal

from modules.erp.finance.models import Account
from modules.erp.finance.services.posting import PostingLine, journal_of, write_entry
from tessera.bench.footprint import Footprint, Replay
from tessera.bench.measures import Benchmark, Measured, in_turns
from tessera.bench.stage import Stage, inside
from tessera.context import current
from tessera.unit_of_work import unit_of_work


def run(stage: Stage) -> Measured:
    """Post in one durable transaction each; the floor inserts and updates the same rows by one prepared statement."""
    shop = stage.shop
    with inside(shop.tenant, shop.member):
        accounts = Account.objects.filter(book__company=shop.company, group=False, active=True, control="")
        plain = list(accounts.filter(requires_party=False, requires_quantity=False, currency="").order_by("code")[:4])
        on = current().tenant.today
        signs = ("debit", "debit", "credit", "credit")
        lines = [PostingLine(account=account, side=side, amount=Decimal(25)) for account, side in zip(plain, signs, strict=True)]

        def post() -> None:
            with unit_of_work():
                write_entry(journal=journal_of(shop.company.pk, "general"), posting_date=on, lines=lines)

        post()
        footprint = Footprint(shop.tenant.schema_name)
        with footprint.of():
            post()
        floor = Replay(footprint)
        stage.tell(f"{floor.rows} rows an entry; {stage.statements(post)} statements of the product")
        try:
            return in_turns(post, floor.run, turns=40, each=10, warm=20)
        finally:
            floor.close()


BENCHMARK = Benchmark("post an entry of 4 lines", "one prepared statement that writes the same rows", "ms", 0.5, run)
