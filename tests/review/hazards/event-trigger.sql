-- case: an event trigger: it runs in every session's DDL from now on
-- finds: breaking-change
-- locks: none
-- proof: lossless
-- squawk: silent
-- file: 0001.before.sql
CREATE FUNCTION noted() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
-- file: 0002.case.change.sql
CREATE EVENT TRIGGER noted ON ddl_command_end EXECUTE FUNCTION noted();
-- file: 0002.case.change.rollback.sql
DROP EVENT TRIGGER noted;
