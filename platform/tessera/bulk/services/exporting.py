"""A list read to its end."""

from tessera.bulk.models import BulkOperation
from tessera.bulk.services.progress import Progress
from tessera.graph.paged import PagedQuery


class Export:
    """Reads a page at a step: a row of the list is a line of the result."""

    def __init__(self, row: BulkOperation) -> None:
        self.query = PagedQuery(row.text, row.variables)

    def step(self, progress: Progress) -> None:
        page = self.query.page(progress.cursor or None)
        for each in page.rows:
            progress.write(each)
        progress.done += len(page.rows)
        if page.total is not None:
            progress.total = page.total
        progress.ended = page.after is None
        progress.cursor = page.after or progress.cursor

    def close(self) -> None:
        """Nothing is open between pages."""
