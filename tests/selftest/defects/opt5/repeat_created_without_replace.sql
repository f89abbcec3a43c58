-- Created the view without OR REPLACE.
-- check: migration.repeatable
-- apply: replace

-- <<<
CREATE OR REPLACE VIEW public.refresh_health
-- >>>
CREATE VIEW public.refresh_health
