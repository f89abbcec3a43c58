SET lock_timeout = '2s';

ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON TABLES FROM shop_report;

RESET lock_timeout;
