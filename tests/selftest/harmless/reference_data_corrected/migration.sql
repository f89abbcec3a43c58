-- Two names as their governments write them.

SET lock_timeout = '2s';

UPDATE public.countries SET name = 'Brasil' WHERE code = 'BR' AND name = 'Brazil';
UPDATE public.countries SET name = 'España' WHERE code = 'ES' AND name = 'Spain';

RESET lock_timeout;
