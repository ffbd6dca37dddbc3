-- What is defined has one text, whatever the database, the role and the client's environment say:
-- every name with its schema. The query has many joins of few rows: to plan it is most of its cost.
SET LOCAL search_path TO '';
SET LOCAL quote_all_identifiers TO FALSE;
SET LOCAL standard_conforming_strings TO TRUE;
SET LOCAL datestyle TO iso;
SET LOCAL intervalstyle TO postgres;
SET LOCAL timezone TO 'UTC';
SET LOCAL bytea_output TO hex;
SET LOCAL extra_float_digits TO 1;
SET LOCAL lc_monetary TO 'C';
SET LOCAL join_collapse_limit TO 1;
SET LOCAL from_collapse_limit TO 1;
SET LOCAL jit TO FALSE;
