-- Counted on a search_path that production does not have.
-- script: rollback
-- check: rollback.clean
-- apply: prepend

SET search_path = production, pg_temp;

SELECT count(*) FROM catalogo;
