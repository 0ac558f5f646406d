// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/request_watch.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/segment.h"
#include "proxy/cli/files.h"
#include "proxy/cli/variable_words.h"

namespace keyswap::cli {

namespace {

constexpr std::size_t kPieceBytes = std::size_t{64} * 1024;
constexpr std::size_t kSnmpBytesMax = std::size_t{64} * 1024;
// The kinds of records that somebody who comes leaves behind.
constexpr std::array<std::string_view, 3> kComings = {
    R"("type":"inject_decision")", R"("type":"tunnel")", R"("type":"client_tls_failed")"};
constexpr std::size_t kOverlap = 32;  // longer than any of them

bool holds_coming(std::string_view text) {
  return std::ranges::any_of(kComings, [text](std::string_view kind) {
    return text.find(kind) != std::string_view::npos;
  });
}

std::optional<bool> has_coming(const std::string& path, std::uint64_t from) {
  const File file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.is_open()) {
    return std::nullopt;
  }
  std::string piece;
  std::string text;
  for (;;) {
    piece.resize(kPieceBytes);
    const ssize_t size =
        pread(file.descriptor(), piece.data(), piece.size(), static_cast<off_t>(from));
    if (size <= 0) {
      return size == 0 ? std::optional(false) : std::nullopt;
    }
    from += static_cast<std::uint64_t>(size);
    text.erase(0, text.size() - std::min(text.size(), kOverlap));
    text.append(piece, 0, static_cast<std::size_t>(size));
    if (holds_coming(text)) {
      return true;
    }
  }
}

std::optional<std::uint64_t> opened_now() {
  const auto text = read_file("/proc/net/snmp", kSnmpBytesMax);
  return text ? active_opens(*text) : std::nullopt;
}

std::string_view next_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

}  // namespace

RequestWatch::RequestWatch(std::string folder) : folder_(std::move(folder)), opened_(opened_now()) {
  const auto segments = audit::list_segments(folder_);
  segment_ = segments ? segments->newest : 0;

  if (segment_ == 0) {
    return;  // it begins with whoever comes
  }

  struct stat info {};

  const std::string path = audit::path_of(folder_, audit::segment_name(segment_));
  if (stat(path.c_str(), &info) == 0) {
    offset_ = static_cast<std::uint64_t>(info.st_size);
  }
}

std::optional<bool> RequestWatch::has_seen_any() const {
  const auto segments = audit::list_segments(folder_);
  if (!segments) {
    return std::nullopt;
  }
  for (std::uint32_t number = std::max(segment_, 1U); number <= segments->newest; ++number) {
    const auto found = has_coming(audit::path_of(folder_, audit::segment_name(number)),
                                  number == segment_ ? offset_ : 0);
    if (!found || *found) {
      return found;
    }
  }
  return false;
}

bool RequestWatch::were_connections_opened() const {
  const auto now = opened_now();
  return !opened_ || !now || *now != *opened_;
}

std::optional<std::uint64_t> active_opens(std::string_view snmp) {
  constexpr std::string_view kTcp = "Tcp:";
  while (!snmp.empty()) {
    const std::string_view names_line = next_line(snmp);
    if (!names_line.starts_with(kTcp)) {
      continue;
    }
    const auto names = split_words(names_line);
    const auto values = split_words(next_line(snmp));
    const auto at =
        static_cast<std::size_t>(std::ranges::find(names, "ActiveOpens") - names.begin());
    std::uint64_t number = 0;
    if (at >= names.size() || at >= values.size() ||
        std::from_chars(values[at].data(), values[at].data() + values[at].size(), number).ec !=
            std::errc()) {
      return std::nullopt;
    }
    return number;
  }
  return std::nullopt;
}

}  // namespace keyswap::cli
