set local lock_timeout = '2s';
alter table public.parcels
    alter column geom type geometry(Polygon, 31983) using ST_SetSRID(geom, 31983);
