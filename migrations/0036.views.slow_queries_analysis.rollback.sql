DROP VIEW slow_queries_analysis;
DROP FUNCTION statement_statistics();
DROP FUNCTION statement_statistics_status();
