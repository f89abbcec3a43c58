SET lock_timeout = '2s';

COMMENT ON TABLE public.orders IS 'One row an order, kept for ten years.';
COMMENT ON COLUMN public.orders.coupon IS NULL;

RESET lock_timeout;
