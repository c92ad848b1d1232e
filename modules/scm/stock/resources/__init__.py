"""What stock shows: places, quantities and costs, documents, and questions."""

from modules.scm.stock.resources import documents, places, quantities, reports
