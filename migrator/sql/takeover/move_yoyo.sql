-- Stock yoyo's tables become the runner's.
CREATE SCHEMA IF NOT EXISTS yoyo;
ALTER TABLE %(schema)s._yoyo_migration SET SCHEMA yoyo;
ALTER TABLE %(schema)s._yoyo_log SET SCHEMA yoyo;
ALTER TABLE %(schema)s._yoyo_version SET SCHEMA yoyo;
ALTER TABLE IF EXISTS %(schema)s.yoyo_lock SET SCHEMA yoyo;
