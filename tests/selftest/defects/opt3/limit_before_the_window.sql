-- Took as many items as were asked for before looking which have a geometry in the window.
-- check: migration.behaviour.figures_are_never_stale
-- apply: replace

-- <<<
        ORDER BY relevancia DESC, b.catalogo_id
    ) AS item
-- >>>
        ORDER BY relevancia DESC, b.catalogo_id
        LIMIT p_limit
    ) AS item
