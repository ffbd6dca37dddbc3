-- Moves a tenant from :source to :target. Each script begins by looking how far the move is: after it was
-- cut off, the same command goes on; cancel.sql goes back, up to the switch.
\set ON_ERROR_STOP on
\ir check.sql
\ir publish.sql
\ir subscribe.sql
\ir wait.sql
\ir switch.sql
\ir finish.sql
