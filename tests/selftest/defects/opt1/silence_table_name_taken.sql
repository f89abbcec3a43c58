-- Created a table IF NOT EXISTS although another one has its name.
-- check: migration.silence
-- apply: append

CREATE TABLE IF NOT EXISTS public.catalogo (year bigint PRIMARY KEY, rows bigint);
