-- What a parcel is used for.
set local lock_timeout = '2s';
alter table public.parcels add column if not exists use text;
