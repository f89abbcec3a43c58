-- Let everybody write the table of coordinate systems.
-- check: migration.privileges_unchanged
-- apply: append

GRANT ALL ON spatial_ref_sys TO PUBLIC;
