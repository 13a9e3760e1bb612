# Variables of the database that its option files set: those that cost time or save it, and no other. None of them is about
# what survives a crash.
known_variables='
  general_log slow_query_log long_query_time log_slow_queries log_queries_not_using_indexes log_slow_verbosity
  log_output performance_schema userstat query_cache_type query_cache_size query_cache_limit
  query_cache_wlock_invalidate innodb_buffer_pool_size innodb_buffer_pool_instances innodb_buffer_pool_chunk_size
  key_buffer_size aria_pagecache_buffer_size table_open_cache table_open_cache_instances table_definition_cache
  thread_cache_size thread_handling thread_pool_size thread_pool_max_threads max_connections max_user_connections
  tmp_table_size max_heap_table_size sort_buffer_size join_buffer_size read_buffer_size read_rnd_buffer_size
  join_cache_level join_buffer_space_limit optimizer_switch optimizer_search_depth optimizer_prune_level
  optimizer_use_condition_selectivity optimizer_selectivity_sampling_limit use_stat_tables eq_range_index_dive_limit
  innodb_stats_persistent innodb_stats_on_metadata innodb_stats_auto_recalc innodb_stats_persistent_sample_pages
  innodb_stats_transient_sample_pages innodb_thread_concurrency innodb_thread_sleep_delay innodb_read_io_threads
  innodb_write_io_threads innodb_io_capacity innodb_io_capacity_max innodb_adaptive_hash_index
  innodb_adaptive_flushing innodb_change_buffering innodb_random_read_ahead innodb_read_ahead_threshold
  innodb_old_blocks_time innodb_max_dirty_pages_pct innodb_spin_wait_delay innodb_sync_spin_loops skip_name_resolve
  concurrent_insert low_priority_updates back_log flush_time max_seeks_for_key max_length_for_sort_data
'

section mariadb-variables
for file in /etc/mysql/my.cnf /etc/mysql/mariadb.cnf /etc/mysql/conf.d/*.cnf /etc/mysql/mariadb.conf.d/*.cnf /etc/mysql/mysql.conf.d/*.cnf; do
  [ ! -f "$file" ] || printf '%s\n' "$file"
done | tr '\n' '\0' | xargs -0r readlink -f -- 2>/dev/null | awk '!seen[$0]++' | holdable 2>/dev/null | tr '\n' '\0' |
  xargs -0r sh -c 'exec find "$@" -maxdepth 0 -type f -size -2049b -print0' sh 2>/dev/null | xargs -0r awk '
    FNR == 1 {mine = 0}
    /^[ \t]*\[/ {mine = $0 ~ /^[ \t]*\[(server|mysqld|mysqld-[0-9.]+|mariadb|mariadb-[0-9.]+|mariadbd|mariadbd-[0-9.]+)\]/; next}
    mine && match($0, /^[ \t]*[A-Za-z][A-Za-z0-9_-]*/) {
      name = tolower(substr($0, RSTART, RLENGTH)); gsub(/[ \t]/, "", name); gsub(/-/, "_", name)
      value = substr($0, RSTART + RLENGTH)
      if (value !~ /^[ \t]*(=[ \t]*["\047]?[A-Za-z0-9_.,=-]*["\047]?)?[ \t\r]*(#.*)?$/) value = "=..."   # not what it says
      gsub(/["\047]/, "", value); sub(/[ \t]*(#.*)?$/, "", value); gsub(/[ \t\r]/, "", value)
      print FILENAME ":" FNR ":" name value
    }' 2>/dev/null | awk -F '[:=]' -v known="$known_variables" '
  BEGIN {n = split(known, name, /[ \n]+/); for (i = 1; i <= n; i++) is[name[i]] = 1}
  $3 in is' | head -n 300
section mariadb
for unit in mariadb.service mysql.service; do
  [ ! -d /run/systemd/system ] || case $(timeout 10 systemctl show -p Id -p ActiveState -- "$unit" 2>/dev/null | sort | tr '\n' ' ') in
    "ActiveState=active Id=$unit "*) printf 'unit %s %s\n' "$unit" "$(by_root | awk -v unit="$unit" '$1 == "unit" && $2 == unit {print "allowed"; exit}')" ;;
  esac
done
