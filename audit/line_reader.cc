// SPDX-License-Identifier: Apache-2.0
#include "audit/line_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "proxy/base/bounds.h"

namespace keyswap::audit {

namespace {

constexpr std::size_t kBufferBytes = std::size_t{64} * 1024;
constexpr std::size_t kLineBytesMax = base::bounds::kAuditRecordBytesMax;
static_assert(kLineBytesMax < kBufferBytes / 2);

}  // namespace

base::Result<LineReader> LineReader::open(const std::string& path, std::uint64_t bytes_max) {
  base::Result<Input> input = Input::open(path);
  if (!input) {
    return input.error();
  }
  return LineReader(std::move(*input), bytes_max);
}

LineReader::LineReader(Input input, std::uint64_t bytes_max)
    : input_(std::move(input)), bytes_max_(bytes_max), buffer_(kBufferBytes, '\0') {}

base::Result<LineReader::Item> LineReader::next() {
  std::size_t searched = 0;
  while (true) {
    const std::string_view unread(buffer_.data() + begin_, end_ - begin_);
    const std::size_t newline = unread.find('\n', searched);
    if (newline < kLineBytesMax) {
      begin_ += newline + 1;
      offset_ += newline + 1;
      ++lines_;
      return Item{Kind::line, unread.substr(0, newline)};
    }
    if (unread.size() >= kLineBytesMax) {
      return Item{Kind::too_long, {}};
    }
    searched = unread.size();
    std::memmove(buffer_.data(), unread.data(), unread.size());
    begin_ = 0;
    end_ = unread.size();
    const std::size_t wanted = static_cast<std::size_t>(
        std::min<std::uint64_t>(buffer_.size() - end_, bytes_max_ - read_bytes_));
    const base::Result<std::size_t> got = input_.read(read_bytes_, buffer_.data() + end_, wanted);
    if (!got) {
      return got.error();
    }
    if (*got == 0) {
      return Item{end_ == 0 ? Kind::end : Kind::torn, std::string_view(buffer_.data(), end_)};
    }
    read_bytes_ += *got;
    end_ += *got;
  }
}

}  // namespace keyswap::audit
