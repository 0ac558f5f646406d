// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/record_at_rest.h"

#include <filesystem>
#include <system_error>

#include "proxy/cli/kept_head.h"
#include "proxy/cli/serve_parts.h"

namespace keyswap::cli {

bool record_at_rest(const Home& home,
                    const AuditPlace& place,
                    vault::Vault& vault,
                    const base::Clock& clock,
                    const std::function<bool(audit::Log&)>& write) {
  const std::string& folder = place.folder;
  std::error_code ignored;
  // I7: no log is begun where one was lost, nor anywhere without a word.
  if (!std::filesystem::is_directory(folder, ignored) || lost_audit_folder(home, place, vault)) {
    return false;
  }
  auto log = open_audit_log(home, folder, vault, clock);
  if (!log) {
    return false;
  }
  const bool is_written = write(*log->log);
  log->log->close();
  const auto head = log->log->head();
  // I7: who had reason to could else cut the record off.
  return is_written && (!head || keep_head(home, folder, vault, *head)) &&
         !remember_audit_folder(home, place, vault);
}

}  // namespace keyswap::cli
