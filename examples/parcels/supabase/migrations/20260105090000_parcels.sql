create extension if not exists postgis;

create table public.owners (
    id bigint generated always as identity primary key,
    name text not null
);

-- In metres: SIRGAS 2000 / UTM zone 23S.
create table public.parcels (
    id bigint generated always as identity primary key,
    owner_id bigint not null references public.owners (id),
    geom geometry(Polygon, 31983) not null
);

create index parcels_geom on public.parcels using gist (geom);

alter table public.parcels enable row level security;
create policy parcels_are_public on public.parcels for select using (true);
