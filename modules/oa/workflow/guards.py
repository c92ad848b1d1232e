"""What the database itself refuses: a vote that changes or goes away. The initial migration runs `INSTALL`."""

INSTALL = """
CREATE FUNCTION workflow_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'A vote stays as it was given.' USING ERRCODE = '23514', TABLE = TG_TABLE_NAME, CONSTRAINT = 'STATE';
END $$;
CREATE TRIGGER workflow_vote_stays BEFORE UPDATE OR DELETE ON workflow_vote
    FOR EACH ROW EXECUTE FUNCTION workflow_refuse_change();
CREATE TRIGGER workflow_votes_stay BEFORE TRUNCATE ON workflow_vote
    FOR EACH STATEMENT EXECUTE FUNCTION workflow_refuse_change();
"""
REMOVE = "DROP FUNCTION workflow_refuse_change() CASCADE;"
