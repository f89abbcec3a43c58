"""Functions that are known to write nothing, by their names.

Without the database it cannot be told what a name stands for; these are PostgreSQL's own and
PostGIS's, which hardly anybody takes for his own. Any other may write.
"""

from __future__ import annotations

_WORDS = """
    abs acos age area array_agg array_append array_cat array_dims array_fill array_length
    array_lower array_ndims array_position array_positions array_prepend array_remove
    array_replace array_to_json array_to_string array_to_tsvector array_upper ascii asin atan
    atan2 avg bit_and bit_count bit_length bit_or bool_and bool_or box btrim cardinality cbrt ceil
    ceiling center char_length character_length chr clock_timestamp coalesce col_description
    concat concat_ws convert convert_from convert_to corr cos cot count cume_dist currval
    current_database current_schema current_schemas current_setting current_user date date_bin
    date_part date_trunc daterange decode degrees dense_rank digest div encode enum_first enum_last
    enum_range every exp extract factorial first_value floor format format_type gcd
    gen_random_uuid generate_series generate_subscripts greatest height initcap int4range
    int8range isempty isfinite json_agg json_array_elements json_array_elements_text
    json_array_length json_build_array json_build_object json_each json_each_text json_object
    json_object_agg json_object_keys json_populate_record json_populate_recordset
    json_strip_nulls json_to_record json_to_recordset json_typeof jsonb_agg jsonb_array_elements
    jsonb_array_elements_text jsonb_array_length jsonb_build_array jsonb_build_object jsonb_each
    jsonb_each_text jsonb_insert jsonb_object jsonb_object_agg jsonb_object_keys jsonb_path_exists
    jsonb_path_match jsonb_path_query jsonb_path_query_array jsonb_path_query_first
    jsonb_populate_record jsonb_populate_recordset jsonb_pretty jsonb_set jsonb_set_lax
    jsonb_strip_nulls jsonb_to_record jsonb_to_recordset jsonb_typeof justify_days justify_hours
    justify_interval lag last_value lastval lcm lead least left length ln log lower lower_inc
    lower_inf lpad ltrim make_date make_interval make_time make_timestamp make_timestamptz max md5
    min mod mode multirange normalize now nth_value ntile nullif num_nonnulls num_nulls numrange
    obj_description octet_length overlaps overlay parse_ident percent_rank percentile_cont
    percentile_disc phraseto_tsquery pi plainto_tsquery point polygon position power quote_ident
    quote_literal quote_nullable radians random range_agg range_merge rank regexp_count
    regexp_instr regexp_like regexp_match regexp_matches regexp_replace regexp_split_to_array
    regexp_split_to_table regexp_substr repeat replace reverse right round row_number row_to_json
    rpad rtrim scale set_config setseed sha224 sha256 sha384 sha512 shobj_description sign similar
    similarity sin split_part sqrt statement_timestamp stddev stddev_pop stddev_samp string_agg
    string_to_array string_to_table strip strpos substr substring sum tan text timeofday timezone
    to_char to_date to_hex to_json to_jsonb to_number to_regclass to_regnamespace to_regproc
    to_regprocedure to_regrole to_regtype to_timestamp to_tsquery to_tsvector
    transaction_timestamp translate trim trim_array trim_scale trunc tsrange tstzrange
    txid_current unaccent unistr unnest upper upper_inc upper_inf uuid_generate_v4 var_pop var_samp
    variance version websearch_to_tsquery width_bucket xmlagg xpath xpath_exists
"""
_READ_ONLY_BEGINNINGS = ("st_", "geography_", "geometry_", "postgis_")
_READ_ONLY_OF_POSTGIS = frozenset(
    {"box2d", "box3d", "geometry", "geography", "geometrytype", "addbbox", "getbbox"}
)
_OF_SERVER = (
    "pg_advisory",
    "pg_backend_pid",
    "pg_blocking_pids",
    "pg_column_",
    "pg_current_",
    "pg_database_size",
    "pg_encoding_",
    "pg_get_",
    "pg_has_role",
    "pg_identify_",
    "pg_indexes_size",
    "pg_is_",
    "pg_last_",
    "pg_postmaster_",
    "pg_relation_",
    "pg_size_pretty",
    "pg_sleep",
    "pg_stat_get_",
    "pg_table_",
    "pg_tablespace_",
    "pg_total_",
    "pg_try_advisory",
    "pg_typeof",
    "has_",
)
SEQUENCE_FUNCTIONS = frozenset({"nextval", "setval"})
"""They write, but no more than their sequence."""
_KNOWN = frozenset(_WORDS.split()) | _READ_ONLY_OF_POSTGIS | SEQUENCE_FUNCTIONS


def may_write(schema: str, name: str) -> bool:
    """Whether a function may do more than compute, as far as its name tells."""
    if schema == "pg_catalog" and not name.startswith("pg_"):
        return name.startswith(("lo_", "query_to_", "cursor_to_"))
    if schema not in ("", "pg_catalog") and not name.startswith(_READ_ONLY_BEGINNINGS):
        return True
    return name not in _KNOWN and not name.startswith((*_READ_ONLY_BEGINNINGS, *_OF_SERVER))
