-- The runner's settings; sent again after each file, which may have changed them.
-- idle_*: the session is idle while the runner asks or pauses; no limit of a role's is to end it then.
-- client_connection_check_interval: a killed runner's statement ends within half a second.
-- tcp_*: a session whose client the network swallowed ends within a minute, and with it its locks.
-- standard_conforming_strings: a file means the same in every database.
-- row_security: rows that a policy hides are an error, and never just left unchanged.
-- default_transaction_deferrable: only the runner's own transactions are; see file_end.sql.
-- datestyle: what the runner reads has one form; a database's order of day and month stays.
SET lock_timeout TO %(lock_timeout)s;
SET statement_timeout TO %(statement_timeout)s;
SET idle_in_transaction_session_timeout TO 0;
SET idle_session_timeout TO 0;
SET client_connection_check_interval TO '500ms';
SET tcp_keepalives_idle TO 30;
SET tcp_keepalives_interval TO 10;
SET tcp_keepalives_count TO 3;
SET tcp_user_timeout TO '60s';
SET default_transaction_deferrable TO off;
SET row_security TO off;
SET standard_conforming_strings TO on;
SET datestyle TO iso;
