-- Thought that geometries are only ever drawn, and left out the trigger for updates.
-- check: migration.behaviour.exact_after_update_of_measures
-- also: migration.objects because the plan announces the trigger
-- apply: replace

-- <<<
                (
                    'alterar_medidas',
                    'UPDATE',
                    'REFERENCING OLD TABLE AS antigas NEW TABLE AS novas'
                ),
-- >>>
