-- Revoked from the wrong role: new tables go on being open to the reports.
-- check: rollback.schema_identical
-- says: default privileges

SET lock_timeout = '2s';

ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON TABLES FROM shop_app;

RESET lock_timeout;
