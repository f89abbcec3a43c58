-- Switched a rule off inside the script instead of giving a reason in the plan.
-- check: migration.hazards
-- apply: prepend

-- squawk-ignore-file ban-drop-table
SELECT 1;
