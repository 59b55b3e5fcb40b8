-- What the master's services may do. Run as superuser; may run any number of times.
\set ON_ERROR_STOP on
SELECT format('CREATE ROLE %I LOGIN', name)
  FROM unnest(ARRAY['saas_owner', 'saas_web', 'saas_admin']) AS name
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec

ALTER ROLE saas_owner NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'saas_owner';
ALTER ROLE saas_web NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'saas_web';
ALTER ROLE saas_admin NOSUPERUSER CREATEDB CREATEROLE PASSWORD :'saas_admin';
-- More than its pools may hold, and less than would leave tenants and `jobs` without.
ALTER ROLE saas_web CONNECTION LIMIT 80;
GRANT pg_read_all_stats, pg_signal_backend TO saas_admin;
GRANT SET ON PARAMETER temp_file_limit TO saas_admin;

-- A job holds its row's lock in an idle transaction for as long as it runs.
ALTER ROLE saas_owner SET idle_in_transaction_session_timeout = 0;

SELECT 'CREATE DATABASE master OWNER saas_owner TEMPLATE template0'
       ' ENCODING ''UTF8'' LC_COLLATE ''C'''
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'master')
\gexec

-- Odoo's web socket and scheduled actions listen in `postgres`.
REVOKE CONNECT ON DATABASE postgres, template1, master FROM PUBLIC;
GRANT CONNECT ON DATABASE postgres TO saas_owner, saas_web, saas_admin;
GRANT CONNECT ON DATABASE template1 TO saas_admin;
GRANT CONNECT ON DATABASE master TO saas_web;

\connect master
CREATE EXTENSION IF NOT EXISTS pg_trgm;
