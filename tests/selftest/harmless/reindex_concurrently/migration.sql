-- It has bloated: built anew beside itself, under the same name.

SET lock_timeout = '2s';

REINDEX INDEX CONCURRENTLY public.orders_customer_id_idx;

RESET lock_timeout;
