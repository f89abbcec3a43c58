-- Gave a routine its owner's rights and no search_path of its own.
-- check: migration.hazards
-- apply: append

ALTER FUNCTION public.refresh_job SECURITY DEFINER RESET search_path;
