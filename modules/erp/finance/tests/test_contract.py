"""Finance holds what every module has to hold."""

from tessera.testing import ModuleContract


class TestFinance(ModuleContract):
    module = "finance"
    gaps = {
        "keys_are_indexed": "four keys of finance lead no index yet",
        "large_tables_are_ordered_by_an_index": "twelve orders of finance have no index yet",
        "services_are_typed_verbs": "`revalue` and `allocate` are to be renamed",
        "lint_rules_hold": "a refusal, a raw connection and two caches are to go through their gates",
        "facts_are_in_the_past_tense": "the number in three facts is untyped, because it is told late",
        "titles_can_be_translated": "the end of a book's chain has no name of its own",
        "shown_columns_have_names": "columns that come from base's abstract document have no names",
    }
