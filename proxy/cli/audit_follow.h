// SPDX-License-Identifier: Apache-2.0
//
// Following an audit log as it is written, over the ends of segments: for `audit tail`, `forward`
// and `watch`. Reads only, in constant memory, and takes no lock. Whether the records are good is
// not asked here: `audit verify` judges them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "audit/line_reader.h"
#include "proxy/cli/failure.h"
#include "proxy/cli/files.h"

namespace keyswap::cli {

// Waits for changes in an audit folder.
class LogWatch {
 public:
  static Outcome<LogWatch> open(const std::string& folder);

  // Until something was written or made since the last call, or since open(). A failure once the
  // folder is not where it was: what is written now, if anything is, stands elsewhere.
  Problem wait();

 private:
  LogWatch(std::string folder, File events)
      : folder_(std::move(folder)), events_(std::move(events)) {}

  std::string folder_;
  File events_;
};

// Calls `look`, which takes all that is there, and again whenever something was written to the
// folder, until it has a problem or, with `stops`, once. Nothing is missed in between.
Problem follow_folder(const std::string& folder, bool stops, const std::function<Problem()>& look);

// Where a line ends, and the next begins.
struct LogPlace {
  std::uint32_t segment = 0;  // 0: in front of the first
  std::uint64_t offset = 0;   // in bytes

  bool operator==(const LogPlace&) const = default;
};

class LogFollower {
 public:
  // A problem ends the reading, and the place stays in front of that line.
  using Take = std::function<Problem(std::string_view line)>;

  LogFollower(std::string folder, LogPlace place) : folder_(std::move(folder)), place_(place) {}

  // Hands over each whole line behind the place. A failure of `take`, or when a file cannot be
  // read, or the log does not reach the place. What was archived unread is passed over, which is
  // said.
  Problem read(const Take& take);

  [[nodiscard]] const LogPlace& place() const { return place_; }

 private:
  [[nodiscard]] std::string path_of(std::uint32_t segment) const;
  Problem find_segment();
  [[nodiscard]] bool is_followed() const;
  Problem open_segment();
  Problem read_segment(const Take& take);

  std::string folder_;
  LogPlace place_;
  std::optional<audit::LineReader> reader_;  // of the place's segment, at its offset
};

}  // namespace keyswap::cli
