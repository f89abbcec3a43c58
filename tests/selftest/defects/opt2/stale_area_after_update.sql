-- Forgot the area among the columns that an update measures again.
-- check: migration.behaviour.exact_after_update_of_measures
-- apply: replace

-- <<<
            area_m2 = n.area_m2,
            perimetro_m = n.perimetro_m,
-- >>>
            perimetro_m = n.perimetro_m,
