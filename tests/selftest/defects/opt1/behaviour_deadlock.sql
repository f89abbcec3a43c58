-- Locked the default partition before the partitioned table, against the order of every insert.
-- check: migration.behaviour
-- apply: replace

-- <<<
    year := to_char(NEW.data_inicio, 'YYYY');
-- >>>
    LOCK TABLE ONLY catalogo_geometrias_particionada_default IN SHARE ROW EXCLUSIVE MODE;
    year := to_char(NEW.data_inicio, 'YYYY');
