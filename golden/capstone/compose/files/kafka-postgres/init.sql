-- Makes the roles and databases that the blueprint declares. Every start runs it again: it adds what is missing, and
-- sets passwords and owners to what they are now. Run by init.sh as the superuser.

-- A failing or slow statement is otherwise written to the server's log, with the password in it.
SET log_statement = 'none';
SET log_min_error_statement = 'panic';
SET log_min_duration_statement = -1;

SELECT format('CREATE ROLE %I', 'capstone')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'capstone') \gexec
\getenv password OWNER_TRANSACTIONS_DB_PASSWORD
ALTER ROLE "capstone" LOGIN PASSWORD :'password';

SELECT format('CREATE DATABASE %I OWNER %I', 'DB_T0', 'capstone')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'DB_T0') \gexec
ALTER DATABASE "DB_T0" OWNER TO "capstone";
-- Anyone who can log in may connect to any database otherwise.
REVOKE CONNECT ON DATABASE "DB_T0" FROM PUBLIC;
