-- Moved the tickets away from the value and left it in the type.
-- check: rollback.schema_identical
-- says: ticket_priority

SET lock_timeout = '2s';

UPDATE public.tickets SET priority = 'high' WHERE priority = 'urgent';

RESET lock_timeout;
