-- Forgot that TRUNCATE fires no trigger for deletes.
-- check: migration.behaviour.exact_after_truncate
-- also: migration.objects because the plan announces the trigger
-- apply: replace

-- <<<
                ('excluir_medidas', 'DELETE', 'REFERENCING OLD TABLE AS antigas'),
                ('esvaziar_medidas', 'TRUNCATE', '')
-- >>>
                ('excluir_medidas', 'DELETE', 'REFERENCING OLD TABLE AS antigas')
