# Several files of a library compiled as one: what they have in common is then compiled once, and the tree is there in
# half the time. So are the commands in every tree, and all libraries where it takes the longest: in what is released
# and what the address sanitizer runs. Names in their unnamed namespaces must differ. These files have one that another
# file of their library has, too; they are compiled alone.
set(KEYSWAP_ALONE
  audit/archived.cc audit/head.cc
  bindings/key_shape.cc bindings/parse_scope.cc bindings/parse_trading.cc bindings/percent_text.cc
  bindings/private_key_der.cc bindings/provider.cc bindings/sighting_index.cc bindings/signing_parts.cc
  bindings/stand_in.cc bindings/template.cc bindings/template_functions.cc bindings/yaml_write.cc
  ca/ec_key.cc ca/permitted_hosts.cc ca/summary.cc
  proxy/cli/audit_archive.cc proxy/cli/audit_archive_files.cc proxy/cli/audit_counts.cc proxy/cli/audit_csv.cc
  proxy/cli/audit_export.cc proxy/cli/audit_filter.cc proxy/cli/audit_follow.cc proxy/cli/audit_forward.cc
  proxy/cli/audit_message.cc proxy/cli/audit_place.cc proxy/cli/audit_place_file.cc proxy/cli/audit_rotate.cc
  proxy/cli/audit_rotation.cc proxy/cli/audit_show.cc proxy/cli/audit_stats.cc proxy/cli/audit_watch.cc
  proxy/cli/backup.cc proxy/cli/bindings.cc proxy/cli/bindings_add.cc proxy/cli/bindings_approve.cc
  proxy/cli/bindings_edit.cc proxy/cli/bindings_file.cc proxy/cli/ca.cc proxy/cli/caller.cc
  proxy/cli/client_environment.cc proxy/cli/client_files.cc proxy/cli/client_folder.cc proxy/cli/confirmation.cc
  proxy/cli/credential_source.cc proxy/cli/demo.cc proxy/cli/demo_upstream.cc proxy/cli/detach.cc
  proxy/cli/doctor_clients.cc proxy/cli/doctor_launch.cc proxy/cli/doctor_setup.cc proxy/cli/env.cc
  proxy/cli/env_file.cc proxy/cli/env_folder.cc proxy/cli/environment_undo.cc proxy/cli/explain_json.cc
  proxy/cli/explain_request.cc proxy/cli/explain_words.cc proxy/cli/health_probe.cc proxy/cli/help.cc
  proxy/cli/home_creation.cc proxy/cli/home_folder.cc proxy/cli/import.cc proxy/cli/import_credentials.cc
  proxy/cli/import_docker.cc proxy/cli/import_fishnet.cc proxy/cli/import_gh.cc proxy/cli/import_netrc.cc
  proxy/cli/import_npm.cc proxy/cli/import_pip.cc proxy/cli/init.cc proxy/cli/isolated_run.cc proxy/cli/isolated_view.cc
  proxy/cli/java_options.cc proxy/cli/kept_records.cc proxy/cli/limit_rows.cc proxy/cli/limits.cc proxy/cli/man_page.cc
  proxy/cli/name_answers.cc proxy/cli/netrc.cc proxy/cli/no_proxy.cc proxy/cli/npm_settings.cc proxy/cli/playground.cc
  proxy/cli/provider.cc proxy/cli/relay.cc proxy/cli/reloading.cc proxy/cli/request_watch.cc proxy/cli/restore.cc
  proxy/cli/restoring.cc proxy/cli/run.cc proxy/cli/run_online.cc proxy/cli/secret.cc proxy/cli/secret_private_key.cc
  proxy/cli/serve.cc proxy/cli/serve_lock.cc proxy/cli/serve_open.cc proxy/cli/serve_parts.cc proxy/cli/source.cc
  proxy/cli/source_asking.cc proxy/cli/tls_stream.cc proxy/cli/unix_socket.cc
  proxy/coding/deflate.cc proxy/coding/zstd.cc
  proxy/flow/caller.cc proxy/flow/decide_message.cc proxy/flow/decide_text.cc proxy/flow/destination.cc
  proxy/flow/exchange_admission.cc
  proxy/flow/exchange_body.cc proxy/flow/exchange_upload.cc proxy/flow/json_position.cc proxy/flow/name_guard.cc
  proxy/flow/outgoing_request.cc proxy/flow/real_values.cc proxy/flow/reverse.cc proxy/flow/secret_search.cc
  proxy/flow/substitute.cc proxy/flow/tunnel_table.cc proxy/flow/unescape.cc proxy/flow/websocket_messages.cc
  proxy/flow/websocket_table.cc
  proxy/http/target.cc proxy/http/websocket.cc proxy/http/websocket_handshake.cc
  proxy/net/server.cc
  vault/placeholder_salt.cc vault/seal.cc vault/signing_key.cc)

# keyswap_compile_together(NAME...): those libraries; not proxy/uv and proxy/tls, whose single objects tests replace.
function(keyswap_compile_together)
  # Each scheme and placement has its name, its fields and its parameters.
  set_source_files_properties(${KEYSWAP_ALONE} ${scheme_sources} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  set_target_properties(${ARGN} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 6)
  foreach(library IN LISTS ARGN)
    # It takes each of them for a header, in which a type with a part from an unnamed namespace would differ by file.
    target_compile_options(${library} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  endforeach()
endfunction()
