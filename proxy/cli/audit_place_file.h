// SPDX-License-Identifier: Apache-2.0
//
// The file in which a command that follows the audit log keeps how far it came, so that it goes on
// from there when it is started again.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "audit/file.h"
#include "audit/head.h"
#include "proxy/cli/audit_follow.h"
#include "proxy/cli/failure.h"

namespace keyswap::cli {

class CommandLine;

struct KeptPlace {
  audit::Hash log{};  // the log's id (audit/head.h); zeros while it has no record
  LogPlace place;

  bool operator==(const KeptPlace&) const = default;
};

// `LOG SEGMENT OFFSET`, a line, and back.
std::string encode_place(const KeptPlace& kept);
std::optional<KeptPlace> decode_place(std::string_view text);

// --cursor FILE, which has to be given.
void add_cursor_option(CommandLine& app, std::string& path);

class PlaceFile {
 public:
  // Of the log in that folder. A file that is not there yet, or speaks of another log (it was moved
  // away, and a new one begun: that is said), stands for the log's begin. A failure while another
  // goes by the file: both would hand on the same. The lock is on a file beside it (`.lock`).
  static Outcome<PlaceFile> open(std::string path, const std::string& folder);

  [[nodiscard]] const LogPlace& place() const { return kept_.place; }

  // Durable when it returns; nothing is written where nothing changed.
  Problem keep(const LogPlace& place);

 private:
  PlaceFile(std::string path, std::string folder, const KeptPlace& kept, audit::FileLock lock)
      : path_(std::move(path)), folder_(std::move(folder)), kept_(kept), lock_(std::move(lock)) {}

  std::string path_;
  std::string folder_;
  KeptPlace kept_;
  audit::FileLock lock_;
};

}  // namespace keyswap::cli
