SET lock_timeout = '2s';

-- shadowgate: announce privileges: what is created from now on can be read by the reports
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO shop_report;

RESET lock_timeout;
