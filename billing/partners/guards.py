"""What the database itself refuses about partners' money. The initial migration runs `INSTALL`.

Lines, statements and their entries never change and never go; the entries of a statement are just the lines that it sums up; what was
paid out stays paid.
"""

KEPT = ("billing_partnerline", "billing_partnerstatement", "billing_statemententry")
INSTALL = [
    """
    CREATE FUNCTION billing_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $body$
    BEGIN
        RAISE EXCEPTION USING ERRCODE = 'restrict_violation', MESSAGE = TG_TABLE_NAME || ' is append-only';
    END
    $body$
    """,
    *(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION billing_refuse_change()"
        for table in KEPT
    ),
    *(
        f"CREATE TRIGGER {table}_kept BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change()"
        for table in (*KEPT, "billing_payout")
    ),
    """
    CREATE TRIGGER billing_payout_stays_paid BEFORE UPDATE ON billing_payout FOR EACH ROW
        WHEN (OLD.state = 'paid' OR (OLD.statement_id, OLD.amount) IS DISTINCT FROM (NEW.statement_id, NEW.amount))
        EXECUTE FUNCTION billing_refuse_change()
    """,
    "CREATE TRIGGER billing_payout_stays BEFORE DELETE ON billing_payout FOR EACH ROW EXECUTE FUNCTION billing_refuse_change()",
    """
    CREATE FUNCTION billing_refuse_other_sum() RETURNS trigger LANGUAGE plpgsql AS $body$
    BEGIN
        IF EXISTS (
            SELECT FROM billing_partnerstatement told
             CROSS JOIN LATERAL (
                SELECT count(*), sum(line.gross) AS gross, sum(line.net) AS net,
                       bool_and((line.partner_id, line.currency) = (told.partner_id, told.currency)) AS is_of_it
                  FROM billing_statemententry entry JOIN billing_partnerline line ON line.id = entry.line_id
                 WHERE entry.statement_id = told.id
             ) found
             WHERE told.id IN (SELECT statement_id FROM added)
               AND (NOT found.is_of_it OR (told.line_count, told.gross, told.net) IS DISTINCT FROM (found.count, found.gross, found.net))
        ) THEN
            RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = 'a statement is the sum of its lines';
        END IF;
        RETURN NULL;
    END
    $body$
    """,
    """
    CREATE TRIGGER billing_statement_adds_up AFTER INSERT ON billing_statemententry REFERENCING NEW TABLE AS added
        FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_other_sum()
    """,
    """
    CREATE FUNCTION billing_refuse_other_amount() RETURNS trigger LANGUAGE plpgsql AS $body$
    BEGIN
        IF NEW.amount IS DISTINCT FROM (SELECT due FROM billing_partnerstatement WHERE id = NEW.statement_id) THEN
            RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = 'a payout is what is due by its statement';
        END IF;
        RETURN NEW;
    END
    $body$
    """,
    """
    CREATE TRIGGER billing_payout_is_due BEFORE INSERT ON billing_payout FOR EACH ROW EXECUTE FUNCTION billing_refuse_other_amount()
    """,
]
REMOVE = [
    f"DROP FUNCTION {name}() CASCADE"
    for name in ("billing_refuse_change", "billing_refuse_other_sum", "billing_refuse_other_amount")
]
