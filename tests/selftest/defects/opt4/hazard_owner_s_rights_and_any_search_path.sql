-- Gave a routine its owner's rights and no search_path of its own.
-- check: migration.hazards
-- also: migration.privileges_unchanged because anybody may call it
-- apply: append

ALTER FUNCTION public.missing_horizon_years SECURITY DEFINER RESET search_path;
