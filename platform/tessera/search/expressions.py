"""Search as expressions: what an index holds, and the condition that a text is found."""

from collections.abc import Iterable

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchQueryField, SearchVectorField
from django.db.models import BooleanField, F, Func, Q, Value

MOST_WORDS = 10
NOTHING = Q(pk__in=())


class SearchVector(Func):
    """The words of a column, as the index holds them."""

    function = "ext.search_vector"
    arity = 1
    output_field = SearchVectorField()


class SearchQuery(Func):
    """What a word means that somebody looks for."""

    function = "ext.search_query"
    arity = 1
    output_field = SearchQueryField()


class Matches(Func):
    """The condition that the words of a column match a query."""

    template = "(%(expressions)s)"
    arg_joiner = " @@ "
    arity = 2
    output_field = BooleanField()


def search_index(*columns: str, name: str) -> GinIndex:
    """Return the index that a search in these columns uses, whichever of them a reader may read."""
    return GinIndex(*(SearchVector(column) for column in columns), name=name)


def words_of(text: str) -> list[str]:
    """Return what is looked for, apart: a word without a letter or digit is none."""
    return [word for word in text.split() if any(character.isalnum() for character in word)]


def found_in(columns: Iterable[str], text: str) -> Q:
    """Return the condition that every word of a text is found in one of the columns; never true for a text without words."""
    readable, condition = list(columns), Q()
    for word in words_of(text):
        found = NOTHING
        for column in readable:
            found |= Q(Matches(SearchVector(F(column)), SearchQuery(Value(word))))
        condition &= found
    return condition or NOTHING
