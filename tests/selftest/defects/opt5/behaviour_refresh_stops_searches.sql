-- Refreshed without CONCURRENTLY: searches wait meanwhile.
-- check: migration.behaviour.searches_go_on_during_a_refresh
-- apply: replace

-- <<<
REFRESH MATERIALIZED VIEW CONCURRENTLY %s
-- >>>
REFRESH MATERIALIZED VIEW %s
