// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/audit_judged.h"

#include <utility>

namespace keyswap::cli {

Outcome<JudgedLog> read_judged(const JudgedOptions& options,
                               const std::function<void(std::string_view line)>& take) {
  auto key = parse_public_key(options.key_hex);
  if (!key) {
    return key.failure();
  }
  auto folder = log_folder(options.log);
  if (!folder) {
    return folder.failure();
  }
  const LineFilter& filter = options.chosen.filter;
  auto verdict =
      audit::verify(folder.value(), {key.value(), std::nullopt}, [&](std::string_view line) {
        if (filter.wants_all() || matches(filter, line)) {
          take(line);
        }
      });
  if (!verdict) {
    return unread_log(folder.value(), verdict.error());
  }
  return JudgedLog{std::move(folder).value(), std::move(*verdict)};
}

int end_judged(const JudgedLog& read) {
  if (!read.verdict.is_intact) {
    return report_broken(read.folder, read.verdict);
  }
  if (read.verdict.archived_seq > 0) {
    remark_archived();
  }
  return static_cast<int>(Exit::done);
}

}  // namespace keyswap::cli
