SET lock_timeout = '2s';

COMMENT ON TABLE public.orders IS 'One row an order, kept for twelve years.';
COMMENT ON COLUMN public.orders.coupon IS 'As the customer typed it.';

RESET lock_timeout;
