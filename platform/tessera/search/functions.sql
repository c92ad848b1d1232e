-- What is searched: words in their order, folded in case, width and accents; what is written without spaces as pairs of
-- characters. The indexes of tenants are made of these functions, so what they return for a text never changes: a change
-- is a function of another name.

-- Words apart by spaces. A run of Chinese, Japanese or Korean gives each pair of neighbours and at last its last character
-- by itself, so that every character begins one word. More than 20,000 characters are not looked at.
CREATE OR REPLACE FUNCTION ext.search_words(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 100 AS $body$
DECLARE
    plain text := left(value, 20000);
    words text := '';
    before text := '';
    c text;
BEGIN
    IF octet_length(plain) > length(plain) THEN
        plain := ext.unaccent('ext.unaccent'::regdictionary, normalize(plain, NFKC));
    END IF;
    plain := regexp_replace(lower(plain COLLATE pg_catalog.pg_c_utf8), '[^[:alnum:]]+', ' ', 'g');
    IF octet_length(plain) = length(plain) OR plain !~ '[⺀-􏿿]' THEN
        RETURN plain;
    END IF;
    FOREACH c IN ARRAY string_to_array(plain, NULL) LOOP
        IF ascii(c) < 11904 THEN  -- what stands before the first of the characters that are written without spaces
            words := words || CASE WHEN before = '' THEN c ELSE before || ' ' || c END;
            before := '';
        ELSE
            words := words || CASE WHEN before = '' THEN ' ' ELSE before || c || ' ' END;
            before := c;
        END IF;
    END LOOP;
    RETURN words || before;
END
$body$;

-- What an index holds of a text.
CREATE OR REPLACE FUNCTION ext.search_vector(value text) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 200 AS $body$
BEGIN
    RETURN to_tsvector('pg_catalog.simple'::regconfig, ext.search_words(value));
END
$body$;

-- What a word that somebody looks for means: each word in it begins with it; a run of pairs stands as it is written.
CREATE OR REPLACE FUNCTION ext.search_query(value text) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 200 AS $body$
BEGIN
    RETURN (
        SELECT coalesce(string_agg(part, ' & ' ORDER BY run), '')::tsquery
          FROM (SELECT run,
                       CASE WHEN count(*) = 1 THEN min('''' || word || ''':*')
                            ELSE string_agg('''' || word || '''', ' <-> ' ORDER BY n) FILTER (WHERE length(word) = 2) END AS part
                  FROM (SELECT word, n,
                               coalesce(sum(CASE WHEN ascii(word) < 11904 OR length(word) = 1 THEN 1 ELSE 0 END)
                                            OVER (ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS run
                          FROM string_to_table(ext.search_words(value), ' ') WITH ORDINALITY AS each(word, n)
                         WHERE word <> '') AS words
                 GROUP BY run) AS parts);
END
$body$;
