-- Prepare a PostgreSQL 18 cluster and one database in it for Tessera. Run it again at will: it changes nothing twice.
--
-- The embedded server does this by itself. On a managed PostgreSQL run it once, as the administrator it gives you
-- (CREATEDB and CREATEROLE are enough), then set DATABASE_URL to the role tessera_app:
--
--   TESSERA_APP_PASSWORD=... psql "$ADMIN_URL" -f platform/tessera/embedded/cluster.sql
--
-- Variables (-v name=value):
--   database   the database to prepare (tessera)
--   createdb   1 lets the application create databases, for tests that clone a template (0)

\set ON_ERROR_STOP on
\set QUIET on
\if :{?database} \else \set database tessera \endif
\if :{?createdb} \else \set createdb 0 \endif
\getenv app_password TESSERA_APP_PASSWORD
\if :{?app_password}
\else
DO $$ BEGIN RAISE EXCEPTION 'set TESSERA_APP_PASSWORD, the password of the role tessera_app'; END $$;
\endif
SET client_min_messages = warning;

-- Two roles. The owner runs DDL and nobody logs in as it; the application logs in, owns nothing, inherits nothing, and
-- takes the owner's role for one transaction (SET LOCAL ROLE) where it installs or migrates a schema.
SELECT 'CREATE ROLE tessera_owner NOLOGIN'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tessera_owner') \gexec
SELECT 'CREATE ROLE tessera_app LOGIN NOINHERIT'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tessera_app') \gexec
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname IN ('tessera_owner', 'tessera_app')
                AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolreplication)) THEN
        RAISE EXCEPTION 'tessera_owner and tessera_app exist with more rights than they may have';
    END IF;
END $$;
ALTER ROLE tessera_app LOGIN NOINHERIT PASSWORD :'app_password';
GRANT tessera_owner TO tessera_app WITH INHERIT FALSE, SET TRUE, ADMIN FALSE;
\if :createdb
ALTER ROLE tessera_app CREATEDB;
\endif
-- An administrator that is no superuser has to be a member of the owner to give it a database and default privileges.
SELECT 'GRANT tessera_owner TO CURRENT_USER WITH INHERIT TRUE, SET TRUE'
 WHERE NOT (SELECT rolsuper FROM pg_roles WHERE rolname = CURRENT_USER) \gexec

-- The same order of text everywhere: PostgreSQL's own provider, by code point, whatever the machine's locale.
SELECT format('CREATE DATABASE %I OWNER tessera_owner TEMPLATE template0 ENCODING UTF8
               LOCALE_PROVIDER builtin BUILTIN_LOCALE %L', :'database', 'C.UTF-8')
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec

\connect :database
SET client_min_messages = warning;

-- Extensions lie in a schema of their own, which every tenant's path ends with; the application may use and not change it.
CREATE SCHEMA IF NOT EXISTS ext AUTHORIZATION tessera_owner;
CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA ext;
CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA ext;
CREATE EXTENSION IF NOT EXISTS unaccent SCHEMA ext;
SET ROLE tessera_owner;
\ir ../search/functions.sql
RESET ROLE;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public, ext TO tessera_app;

-- What the owner creates the application may read and write, in every schema to come.
ALTER DEFAULT PRIVILEGES FOR ROLE tessera_owner GRANT USAGE ON SCHEMAS TO tessera_app;
ALTER DEFAULT PRIVILEGES FOR ROLE tessera_owner GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO tessera_app;
ALTER DEFAULT PRIVILEGES FOR ROLE tessera_owner GRANT USAGE, SELECT ON SEQUENCES TO tessera_app;
ALTER DEFAULT PRIVILEGES FOR ROLE tessera_owner GRANT EXECUTE ON FUNCTIONS TO tessera_app;
