-- There is nothing to take back: the index is what it was.

SET lock_timeout = '2s';

SELECT indexrelid::regclass FROM pg_index WHERE indexrelid = 'public.orders_customer_id_idx'::regclass;

RESET lock_timeout;
