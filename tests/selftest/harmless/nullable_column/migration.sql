-- Where the courier may leave the parcel.

SET lock_timeout = '2s';

ALTER TABLE public.orders ADD COLUMN IF NOT EXISTS delivery_note text;

RESET lock_timeout;
