"""Print every customer with the last three orders: `python customers.py http://harbour.localhost:8000 tsr_p_...`."""

import sys
from collections.abc import Iterator

import httpx  # allow raw-http: this is a client of the API, on its own host
from tessera_client import Tessera
from tessera_client.customers import CustomersPartiesNodes


def customers(tessera: Tessera) -> Iterator[CustomersPartiesNodes]:
    """Yield every customer, page by page."""
    after, more = None, True
    while more:
        page = tessera.customers(after=after).parties
        if page is None:
            return  # who may not view parties got an error instead
        yield from page.nodes
        after, more = page.page_info.end_cursor, page.page_info.has_next_page


def main(url: str, token: str) -> None:
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=30) as http:
        for customer in customers(Tessera(url=f"{url}/graphql", http_client=http)):
            orders = ", ".join(f"{each.number} {each.gross_total} {each.currency}" for each in customer.sales_orders.nodes)
            print(f"{customer.code}  {customer.name}  {orders}")


if __name__ == "__main__":
    main(*sys.argv[1:])
