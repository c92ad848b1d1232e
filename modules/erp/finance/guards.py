"""What the database itself refuses: an unbalanced entry, and any change of what is posted.

The functions live in the tenant's schema and name their tables without it, so they guard the
schema they are in. They refuse and never write. The initial migration runs `INSTALL`.

An entry is inserted as a draft, gets its lines, and is posted by one update: there its lines must
sum to zero in the book's currency and its period must be open. A line locks its entry, so no line
can slip in beside the posting; the posting holds its period, so that whoever closes it waits, or
is seen. Of a posted invoice or payment only its state, number, reason, note and owner move on.
Refusals carry a code of the API as their constraint's name.
"""

_ENTRY = """
CREATE FUNCTION finance_guard_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    total numeric;
    lines bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'draft' THEN
            RAISE EXCEPTION 'An entry is born as a draft.'
                USING ERRCODE = '23514', TABLE = TG_TABLE_NAME, CONSTRAINT = 'STATE', COLUMN = 'state';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.state = 'posted' THEN
        RAISE EXCEPTION 'A posted entry never changes; reverse it.'
            USING ERRCODE = '23514', TABLE = TG_TABLE_NAME, CONSTRAINT = 'STATE', COLUMN = 'state';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    IF NEW.state = 'posted' THEN
        SELECT sum(CASE side WHEN 'debit' THEN amount ELSE -amount END), count(*) INTO total, lines
            FROM finance_entryline WHERE entry_id = NEW.id;
        IF lines < 2 OR total <> 0 THEN
            RAISE EXCEPTION 'The debits and credits of an entry are equal.'
                USING ERRCODE = '23514', TABLE = TG_TABLE_NAME, CONSTRAINT = 'UNBALANCED', COLUMN = 'lines';
        END IF;
        PERFORM FROM finance_fiscalperiod WHERE id = NEW.period_id FOR KEY SHARE;
        IF EXISTS (
            SELECT FROM finance_periodlock l, finance_journal j
            WHERE l.period_id = NEW.period_id AND j.id = NEW.journal_id AND l.area IN (j.area, 'ledger') AND l.state = 'closed'
        ) THEN
            RAISE EXCEPTION 'The period is closed.'
                USING ERRCODE = '23514', TABLE = TG_TABLE_NAME, CONSTRAINT = 'CLOSED_PERIOD', COLUMN = 'posting_date';
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_guard_entry BEFORE INSERT OR UPDATE OR DELETE ON finance_entry
    FOR EACH ROW EXECUTE FUNCTION finance_guard_entry();

CREATE FUNCTION finance_refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The books are not emptied.' USING ERRCODE = '23514', TABLE = TG_TABLE_NAME, CONSTRAINT = 'STATE';
END $$;

CREATE FUNCTION finance_guard_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM finance_entry WHERE id IN (SELECT entry_id FROM touched) AND state <> 'posted' ORDER BY id FOR NO KEY UPDATE;
    IF EXISTS (SELECT FROM finance_entry WHERE id IN (SELECT entry_id FROM touched) AND state = 'posted') THEN
        RAISE EXCEPTION 'The lines of a posted entry never change.'
            USING ERRCODE = '23514', TABLE = TG_TABLE_NAME, CONSTRAINT = 'STATE', COLUMN = 'entry_id';
    END IF;
    RETURN NULL;
END $$;
"""

_DOCUMENT = """
CREATE FUNCTION finance_guard_document() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    progress text[] := ARRAY['state', 'number', 'reason', 'note', 'owner', 'version', 'updated_at'];
BEGIN
    IF TG_OP = 'DELETE' OR NEW.state NOT IN ('posted', 'reversed') OR (OLD.number IS NOT NULL AND NEW.number IS DISTINCT FROM OLD.number)
        OR to_jsonb(NEW) - progress <> to_jsonb(OLD) - progress
    THEN
        RAISE EXCEPTION 'What is posted never changes; correct it by a further document.'
            USING ERRCODE = '23514', TABLE = TG_TABLE_NAME, CONSTRAINT = 'STATE', COLUMN = 'state';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION finance_guard_document_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM finance_invoice WHERE id IN (SELECT document_id FROM touched) AND state IN ('posted', 'reversed')) THEN
        RAISE EXCEPTION 'The lines of a posted invoice never change.'
            USING ERRCODE = '23514', TABLE = TG_TABLE_NAME, CONSTRAINT = 'STATE', COLUMN = 'document_id';
    END IF;
    RETURN NULL;
END $$;
"""

_DOCUMENTS = """
CREATE TRIGGER {table}_posted BEFORE UPDATE ON {table} FOR EACH ROW WHEN (OLD.state IN ('posted', 'reversed'))
    EXECUTE FUNCTION finance_guard_document();
CREATE TRIGGER {table}_kept BEFORE DELETE ON {table} FOR EACH ROW WHEN (OLD.state IN ('posted', 'reversed'))
    EXECUTE FUNCTION finance_guard_document();
"""

_LINES = """
CREATE TRIGGER {table}_added AFTER INSERT ON {table} REFERENCING NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION {guard}();
CREATE TRIGGER {table}_changed AFTER UPDATE ON {table} REFERENCING OLD TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION {guard}();
CREATE TRIGGER {table}_moved AFTER UPDATE ON {table} REFERENCING NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION {guard}();
CREATE TRIGGER {table}_removed AFTER DELETE ON {table} REFERENCING OLD TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION {guard}();
"""

_FROZEN = """
CREATE FUNCTION finance_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'This row is never changed; a further row takes it back.'
        USING ERRCODE = '23514', TABLE = TG_TABLE_NAME, CONSTRAINT = 'STATE';
END $$;
CREATE TRIGGER finance_allocation_frozen BEFORE UPDATE OR DELETE ON finance_allocation
    FOR EACH ROW EXECUTE FUNCTION finance_frozen();
"""

_TRUNCATE = """
CREATE TRIGGER {table}_not_emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION finance_refuse_truncate();
"""

_LINE_TABLES = ("finance_entryline", "finance_taxline")
_ROW_TABLES = ("finance_invoiceline", "finance_invoicetax")
_DOCUMENT_TABLES = ("finance_invoice", "finance_payment")

_KEPT = ("finance_entry", *_LINE_TABLES, "finance_allocation", *_DOCUMENT_TABLES, *_ROW_TABLES)

INSTALL = (
    _ENTRY
    + "".join(_LINES.format(table=table, guard="finance_guard_lines") for table in _LINE_TABLES)
    + _DOCUMENT
    + "".join(_DOCUMENTS.format(table=table) for table in _DOCUMENT_TABLES)
    + "".join(_LINES.format(table=table, guard="finance_guard_document_rows") for table in _ROW_TABLES)
    + _FROZEN
    + "".join(_TRUNCATE.format(table=table) for table in _KEPT)
)

_FUNCTIONS = (
    "finance_guard_entry",
    "finance_guard_lines",
    "finance_guard_document",
    "finance_guard_document_rows",
    "finance_refuse_truncate",
    "finance_frozen",
)
REMOVE = "".join(f"DROP FUNCTION {name}() CASCADE;\n" for name in _FUNCTIONS)
