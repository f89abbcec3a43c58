-- Four rows are written anew.

SET lock_timeout = '2s';

ALTER TABLE public.shipping_methods
    ADD COLUMN IF NOT EXISTS is_free boolean GENERATED ALWAYS AS (fee = 0) STORED;

RESET lock_timeout;
