DROP FUNCTION row_times();
