"""What the database itself refuses of masters. The initial migration runs `INSTALL`.

A merged party stays merged, into one that stands for itself; nobody is above itself in a tree; a unit is below
units of its own company.
"""

MERGE = """
CREATE FUNCTION base_check_merge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.merged_into_id IS NOT NULL AND NEW.merged_into_id IS NULL THEN
        RAISE EXCEPTION 'A merged party stays merged.'
            USING ERRCODE = '23514', TABLE = TG_TABLE_NAME, CONSTRAINT = 'STATE', COLUMN = 'merged_into';
    END IF;
    IF NEW.merged_into_id IS NULL THEN
        RETURN NEW;
    END IF;
    PERFORM FROM base_party WHERE id = NEW.merged_into_id AND merged_into_id IS NULL FOR SHARE;
    IF NOT FOUND OR EXISTS (SELECT FROM base_party WHERE merged_into_id = NEW.id) THEN
        RAISE EXCEPTION 'A party is merged into one that stands for itself.'
            USING ERRCODE = '23514', TABLE = TG_TABLE_NAME, CONSTRAINT = 'CYCLE', COLUMN = 'merged_into';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER base_party_merges BEFORE UPDATE OF merged_into_id ON base_party
    FOR EACH ROW EXECUTE FUNCTION base_check_merge();
CREATE TRIGGER base_party_comes_merged BEFORE INSERT ON base_party
    FOR EACH ROW WHEN (NEW.merged_into_id IS NOT NULL) EXECUTE FUNCTION base_check_merge();
"""
TREE = """
CREATE FUNCTION {table}_check_tree() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    above uuid := NEW.parent_id;
BEGIN
    PERFORM pg_advisory_xact_lock(TG_RELID::bigint); -- two moves at once could close a circle that neither sees
    WHILE above IS NOT NULL LOOP
        IF above = NEW.id THEN
            RAISE EXCEPTION 'Nothing is below itself.'
                USING ERRCODE = '23514', TABLE = TG_TABLE_NAME, CONSTRAINT = 'CYCLE', COLUMN = 'parent';
        END IF;
        above := (SELECT parent_id FROM {table} WHERE id = above);
    END LOOP;
    RETURN NEW;
END $$;
CREATE TRIGGER {table}_is_a_tree BEFORE INSERT OR UPDATE OF parent_id ON {table}
    FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL) EXECUTE FUNCTION {table}_check_tree();
"""
COMPANY = """
CREATE FUNCTION base_check_unit_company() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    company_above uuid;
BEGIN
    -- The parent is held until the end, so that it does not go to another company meanwhile.
    SELECT company_id INTO company_above FROM base_orgunit WHERE id = NEW.parent_id FOR SHARE;
    IF company_above <> NEW.company_id THEN
        RAISE EXCEPTION 'A unit is below one of its own company.'
            USING ERRCODE = '23514', TABLE = TG_TABLE_NAME, CONSTRAINT = 'INVALID', COLUMN = 'parent';
    END IF;
    IF EXISTS (SELECT FROM base_orgunit WHERE parent_id = NEW.id AND company_id <> NEW.company_id) THEN
        RAISE EXCEPTION 'Units below this one are of another company.'
            USING ERRCODE = '23514', TABLE = TG_TABLE_NAME, CONSTRAINT = 'INVALID', COLUMN = 'company';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER base_orgunit_is_of_one_company BEFORE INSERT OR UPDATE OF parent_id, company_id ON base_orgunit
    FOR EACH ROW EXECUTE FUNCTION base_check_unit_company();
"""
TREES = ("base_orgunit", "base_itemcategory")
INSTALL = MERGE + "".join(TREE.replace("{table}", table) for table in TREES) + COMPANY
REMOVE = "DROP FUNCTION base_check_merge(), base_check_unit_company() CASCADE;" + "".join(
    f"DROP FUNCTION {table}_check_tree() CASCADE;" for table in TREES
)
