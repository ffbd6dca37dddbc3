-- The runner's settings; sent again after each file, which may have changed them.
-- client_connection_check_interval: a killed runner's statement ends within half a second.
SET lock_timeout TO %(lock_timeout)s;
SET statement_timeout TO %(statement_timeout)s;
SET client_connection_check_interval TO '500ms';
