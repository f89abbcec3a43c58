SET lock_timeout = '2s';

UPDATE public.countries SET name = 'Brazil' WHERE code = 'BR' AND name = 'Brasil';
UPDATE public.countries SET name = 'Spain' WHERE code = 'ES' AND name = 'España';

RESET lock_timeout;
