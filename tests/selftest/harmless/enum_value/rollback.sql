-- A value cannot be taken out: the type is made anew. Sixty tickets are written.

SET lock_timeout = '2s';

BEGIN;
ALTER TYPE public.ticket_priority RENAME TO ticket_priority_with_urgent;
CREATE TYPE public.ticket_priority AS ENUM ('low', 'normal', 'high');
ALTER TABLE public.tickets
    ALTER COLUMN priority DROP DEFAULT,
    ALTER COLUMN priority TYPE public.ticket_priority
        USING replace(priority::text, 'urgent', 'high')::public.ticket_priority,
    ALTER COLUMN priority SET DEFAULT 'normal';
DROP TYPE public.ticket_priority_with_urgent;
COMMIT;

RESET lock_timeout;
