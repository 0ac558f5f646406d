// SPDX-License-Identifier: Apache-2.0
//
// Reads an audit file line by line in constant memory. What a line says is line.h's matter.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "audit/file.h"
#include "proxy/base/result.h"

namespace keyswap::audit {

class LineReader {
 public:
  enum class Kind : std::uint8_t {
    line,      // whole; `text` is without its newline
    torn,      // the file's last bytes have no newline; `text` is all of them
    too_long,  // longer than any record; nothing further can be read
    end,
  };

  struct Item {
    Kind kind = Kind::end;
    std::string_view text;  // until the next call
  };

  // Reads what the file holds up to `bytes_max`, or up to wherever its end is found.
  static base::Result<LineReader> open(
      const std::string& path, std::uint64_t bytes_max = std::numeric_limits<std::uint64_t>::max());

  base::Result<Item> next();

  // Lines given so far, and where the next one begins.
  [[nodiscard]] std::uint64_t lines() const { return lines_; }

  [[nodiscard]] std::uint64_t offset() const { return offset_; }

 private:
  LineReader(Input input, std::uint64_t bytes_max);

  Input input_;
  std::uint64_t bytes_max_;
  std::string buffer_;
  std::size_t begin_ = 0;  // unread bytes of buffer_
  std::size_t end_ = 0;
  std::uint64_t read_bytes_ = 0;  // of the file, into buffer_
  std::uint64_t offset_ = 0;
  std::uint64_t lines_ = 0;
};

}  // namespace keyswap::audit
