// SPDX-License-Identifier: Apache-2.0
#include "audit/backward.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "audit/scan.h"
#include "audit/segment.h"
#include "proxy/base/bounds.h"

namespace keyswap::audit {

namespace {

constexpr std::uint64_t kBlockBytes = std::uint64_t{256} * 1024;
// A block has the end of a line in it, wherever it begins.
static_assert(kBlockBytes > 2 * base::bounds::kAuditRecordBytesMax);

// Of the last newline of `text`; npos: there is none.
std::size_t last_newline(std::string_view text) {
  const void* const found = ::memrchr(text.data(), '\n', text.size());
  return found == nullptr ? std::string_view::npos
                          : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

}  // namespace

std::optional<std::uint64_t> seq_of(std::string_view line) {
  std::uint64_t seq = 0;
  const bool is_record = take(line, R"({"v":1,"seq":)") && take_number(line, seq) && seq > 0;
  return is_record ? std::optional(seq) : std::nullopt;
}

base::Result<BackwardReader> BackwardReader::open(std::string folder, std::uint64_t before) {
  const auto segments = list_segments(folder);
  if (!segments) {
    return segments.error();
  }
  if (segments->oldest == 0) {
    return base::Error{base::Errc::not_found, "there is no audit log"};
  }
  BackwardReader made(std::move(folder), segments->oldest);
  KS_TRY(made.seek(segments->newest, before));
  return made;
}

// To the newest segment that begins in front of that record, and the record's place in it.
base::Status BackwardReader::seek(std::uint32_t newest, std::uint64_t before) {
  for (std::uint32_t number = newest; number >= oldest_; --number) {
    KS_TRY(open_segment(number));
    const auto begin = read_at(0, base::bounds::kAuditRecordBytesMax);
    if (!begin) {
      return begin.error();
    }
    const auto first = seq_of(*begin);
    if (before == 0 || (first && *first < before)) {
      return find_end(before);
    }
  }
  end_ = 0;
  block_.clear();
  offset_ = 0;
  return {};
}

base::Status BackwardReader::open_segment(std::uint32_t number) {
  auto input = Input::open(path_of(folder_, segment_name(number)));
  if (!input) {
    return input.error();
  }
  input_.emplace(std::move(*input));
  segment_ = number;
  const auto size = input_->size();
  if (!size) {
    return size.error();
  }
  offset_ = *size;
  block_.clear();
  end_ = 0;
  return {};
}

base::Result<std::string> BackwardReader::read_at(std::uint64_t offset, std::uint64_t count) {
  std::string bytes(count, '\0');
  const auto read = input_->read(offset, bytes.data(), bytes.size());
  if (!read) {
    return read.error();
  }
  bytes.resize(*read);
  bytes_read_ += *read;
  return bytes;
}

// The place of the first record that is not in front of `before`, by halves: lines between `low`, a
// line's begin, and `high`, another's, are not known yet.
base::Status BackwardReader::find_end(std::uint64_t before) {
  if (before == 0) {
    return {};
  }
  std::uint64_t low = 0;
  std::uint64_t high = offset_;
  while (high - low > kBlockBytes) {
    const std::uint64_t middle = low + (high - low) / 2;
    const auto block = read_at(middle, 2 * base::bounds::kAuditRecordBytesMax);
    if (!block) {
      return block.error();
    }
    const std::size_t newline = block->find('\n');
    const auto seq = newline == std::string::npos
                         ? std::nullopt
                         : seq_of(std::string_view(*block).substr(newline + 1));
    if (!seq || middle + newline + 1 >= high) {
      break;
    }
    (*seq < before ? low : high) = middle + newline + 1;
  }
  const auto rest = read_at(low, std::min(high - low, 2 * kBlockBytes));
  if (!rest) {
    return rest.error();
  }
  std::size_t at = 0;
  for (std::size_t newline = rest->find('\n'); newline != std::string::npos;
       newline = rest->find('\n', at)) {
    const auto seq = seq_of(std::string_view(*rest).substr(at));
    if (!seq || *seq >= before) {
      break;
    }
    at = newline + 1;
  }
  offset_ = low + at;
  return {};
}

// What lies in front of the block, with what is left of it.
base::Status BackwardReader::take_block() {
  if (end_ > base::bounds::kAuditRecordBytesMax) {
    return base::Error{base::Errc::corrupt, "a line of the audit log is longer than any record"};
  }
  const std::uint64_t count = std::min(offset_, kBlockBytes);
  auto block = read_at(offset_ - count, count);
  if (!block) {
    return block.error();
  }
  if (block->size() != count) {
    return base::Error{base::Errc::io, "the audit log became shorter while it was read"};
  }
  offset_ -= count;
  block->append(block_, 0, end_);
  block_ = std::move(*block);
  end_ = block_.size();
  return {};
}

base::Result<std::optional<std::string_view>> BackwardReader::next() {
  for (;;) {
    if (end_ > 0 && block_[end_ - 1] != '\n') {
      const std::size_t newline = last_newline(std::string_view(block_).substr(0, end_));
      if (newline != std::string_view::npos) {
        end_ = newline + 1;  // an unfinished last line, while somebody writes it
        continue;
      }
      if (offset_ == 0) {
        end_ = 0;
      }
    }
    const std::string_view unread = std::string_view(block_).substr(0, end_);
    const std::size_t before =
        unread.size() < 2 ? std::string_view::npos : last_newline(unread.substr(0, end_ - 1));
    if (before != std::string_view::npos || (offset_ == 0 && end_ > 0)) {
      const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
      const std::string_view line = unread.substr(begin, end_ - 1 - begin);
      end_ = begin;
      return std::optional(line);
    }
    if (offset_ > 0) {
      KS_TRY(take_block());
    } else if (segment_ <= oldest_) {
      return std::optional<std::string_view>();
    } else if (auto opened = open_segment(segment_ - 1); !opened) {
      if (opened.error().code == base::Errc::not_found) {
        return std::optional<std::string_view>();  // archived meanwhile
      }
      return opened.error();
    }
  }
}

}  // namespace keyswap::audit
