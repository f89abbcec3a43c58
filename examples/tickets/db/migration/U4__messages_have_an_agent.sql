SET lock_timeout = '2s';
ALTER TABLE public.messages ALTER COLUMN agent_id DROP NOT NULL;
RESET lock_timeout;
