-- Made the index of the items an ordinary one.
-- check: migration.behaviour.refresh_beside_readers
-- apply: replace

-- <<<
        CREATE UNIQUE INDEX catalogo_busca_catalogo_id_idx
-- >>>
        CREATE INDEX catalogo_busca_catalogo_id_idx
