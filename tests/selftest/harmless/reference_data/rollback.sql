SET lock_timeout = '2s';

DELETE FROM public.countries WHERE code IN ('NZ', 'JP');

RESET lock_timeout;
