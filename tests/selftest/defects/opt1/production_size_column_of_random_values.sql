-- Gave every row a value of its own under the lock: a moment here, an hour with production's rows.
-- check: migration.production_size
-- also: migration.hazards because the table is rewritten under the strongest lock
-- also: migration.schema_unchanged because nobody asked for the column
-- production: 84000000
-- apply: append

ALTER TABLE public.catalogo_geometrias_particionada
    ADD COLUMN IF NOT EXISTS sorteio double precision DEFAULT random();
