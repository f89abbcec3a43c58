-- Put triggers on the partitioned table alone: a statement that names a partition fires none of them.
-- check: migration.behaviour.exact_after_writes_to_partitions
-- also: migration.objects because the plan announces the triggers of the partitions
-- apply: replace

-- <<<
            UNION ALL
            SELECT particao, quote_literal('particao') FROM medidas_particoes_atuais
        ) AS target
-- >>>
 ) AS target
