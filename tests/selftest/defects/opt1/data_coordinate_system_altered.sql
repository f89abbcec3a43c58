-- Corrected the definition of the coordinate system by hand.
-- check: migration.data_unchanged
-- apply: append

UPDATE public.spatial_ref_sys SET proj4text = '+proj=utm +zone=22 +south' WHERE srid = 31983;
