-- Made the vectors with the English dictionary.
-- check: migration.behaviour.same_rows
-- apply: replace

-- <<<
            to_tsvector('portuguese', c.nome || ' ' || c.descricao) AS vetor,
-- >>>
            to_tsvector('english', c.nome || ' ' || c.descricao) AS vetor,
