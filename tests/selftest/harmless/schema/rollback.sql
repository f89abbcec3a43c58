SET lock_timeout = '2s';

DROP VIEW IF EXISTS reporting.revenue;
DROP SCHEMA IF EXISTS reporting;

RESET lock_timeout;
