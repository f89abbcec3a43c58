SET lock_timeout = '2s';

ALTER TYPE public.ticket_priority ADD VALUE IF NOT EXISTS 'urgent' AFTER 'high';

RESET lock_timeout;
