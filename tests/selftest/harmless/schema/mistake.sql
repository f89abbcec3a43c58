-- Lets everybody create objects there.
-- check: migration.privileges_unchanged
-- says: reporting

SET lock_timeout = '2s';

CREATE SCHEMA IF NOT EXISTS reporting;
GRANT USAGE, CREATE ON SCHEMA reporting TO PUBLIC;
CREATE OR REPLACE VIEW reporting.revenue AS
SELECT date_trunc('month', placed_at) AS month, currency, sum(total) AS total
FROM public.orders
WHERE status <> 'cancelled'
GROUP BY 1, 2;

RESET lock_timeout;
