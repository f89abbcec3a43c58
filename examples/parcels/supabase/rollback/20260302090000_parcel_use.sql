set local lock_timeout = '2s';
alter table public.parcels drop column if exists use;
