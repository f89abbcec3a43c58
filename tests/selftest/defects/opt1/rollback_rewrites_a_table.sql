-- Rewrote a table to give space back, while nobody can read it.
-- script: rollback
-- check: rollback.hazards
-- apply: prepend

SET lock_timeout = '1s';

CLUSTER public.catalogo USING catalogo_pkey;

ALTER TABLE public.catalogo SET WITHOUT CLUSTER;
