// SPDX-License-Identifier: Apache-2.0
//
// Reads a log from its newest records back, over the ends of segments, in bounded memory. Takes no
// lock: a log that is being written can be read meanwhile. Whether the records are good is not
// asked here: verify.h judges them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "audit/file.h"
#include "proxy/base/result.h"

namespace keyswap::audit {

// The sequence number that a record's line begins with; nothing where it begins otherwise.
std::optional<std::uint64_t> seq_of(std::string_view line);

class BackwardReader {
 public:
  // In front of record `before`; 0: at the log's end, an unfinished last line left out. not_found
  // for a folder without a log; io, permission.
  static base::Result<BackwardReader> open(std::string folder, std::uint64_t before);

  // The record in front of the last one, without its newline, until the next call; nothing at the
  // log's begin, and where what lies before was archived meanwhile. corrupt for a line that is
  // longer than any record.
  base::Result<std::optional<std::string_view>> next();

  // How many bytes were taken from files.
  [[nodiscard]] std::uint64_t bytes_read() const { return bytes_read_; }

 private:
  BackwardReader(std::string folder, std::uint32_t oldest)
      : folder_(std::move(folder)), oldest_(oldest) {}

  base::Status seek(std::uint32_t newest, std::uint64_t before);
  base::Status open_segment(std::uint32_t number);
  base::Status find_end(std::uint64_t before);
  base::Result<std::string> read_at(std::uint64_t offset, std::uint64_t count);
  base::Status take_block();

  std::string folder_;
  std::uint32_t oldest_;
  std::uint32_t segment_ = 0;
  std::optional<Input> input_;  // of that segment
  std::uint64_t offset_ = 0;    // where in it block_ begins
  std::string block_;           // of which `end_` bytes were not given yet; whole lines at its end
  std::size_t end_ = 0;
  std::uint64_t bytes_read_ = 0;
};

}  // namespace keyswap::audit
