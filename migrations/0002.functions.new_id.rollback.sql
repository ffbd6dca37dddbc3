DROP FUNCTION new_id();
