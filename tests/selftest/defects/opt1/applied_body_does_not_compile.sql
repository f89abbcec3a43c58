-- Forgot an END IF in a function that is checked when it is created.
-- check: migration.applied
-- apply: replace

-- <<<
    year := to_char(NEW.data_inicio, 'YYYY');
-- >>>
    year := to_char(NEW.data_inicio, 'YYYY');
    IF year = '2036' THEN
        RETURN NULL;
