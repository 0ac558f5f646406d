// SPDX-License-Identifier: Apache-2.0
#include "audit/archived.h"

#include "audit/recover.h"
#include "audit/scan.h"
#include "audit/segment.h"
#include "audit/timestamp.h"

namespace keyswap::audit {

namespace {

using base::Errc;
using base::Error;
using base::Result;

constexpr std::string_view kArchivedDomain = "keyswap-audit-archived\n";
constexpr std::size_t kArchivedBytesMax = 1024;

// The line without its signature and closing brace.
std::string text_of(const Archived& archived) {
  std::array<char, kTimestampBytes> ts{};
  write_timestamp(archived.ts_us, ts.data());
  std::string text = R"({"v":1,"log":")";
  append_hex(archived.log.data(), archived.log.size(), text);
  text += R"(","segment":)" + std::to_string(archived.segment);
  text += R"(,"bytes":)" + std::to_string(archived.bytes);
  text += R"(,"seq":)" + std::to_string(archived.seq);
  text += R"(,"hash":")";
  append_hex(archived.hash.data(), archived.hash.size(), text);
  text += R"(","ts":")";
  text.append(ts.data(), ts.size());
  text += '"';
  return text;
}

bool take_segment(std::string_view& text, std::uint32_t& segment) {
  std::uint64_t number = 0;
  if (!take_number(text, number) || number == 0 || number > kSegmentsMax) {
    return false;
  }
  segment = static_cast<std::uint32_t>(number);
  return true;
}

}  // namespace

std::string archived_message(const Archived& archived) {
  return std::string(kArchivedDomain) + text_of(archived) + "}";
}

std::string archived_line(const Archived& archived) {
  std::string line = text_of(archived) + R"(,"sig":")";
  append_hex(archived.signature.data(), archived.signature.size(), line);
  return line + "\"}";
}

std::optional<Archived> parse_archived_line(std::string_view line) {
  Archived archived;
  std::string_view rest = line;
  const bool is_read = take(rest, R"({"v":1,"log":")") && take_hash(rest, archived.log) &&
                       take(rest, R"(","segment":)") && take_segment(rest, archived.segment) &&
                       take(rest, R"(,"bytes":)") && take_number(rest, archived.bytes) &&
                       take(rest, R"(,"seq":)") && take_number(rest, archived.seq) &&
                       take(rest, R"(,"hash":")") && take_hash(rest, archived.hash) &&
                       take(rest, R"(","ts":")");
  const auto ts_us = is_read ? parse_timestamp(take_bytes(rest, kTimestampBytes)) : std::nullopt;
  if (!ts_us || !take(rest, R"(","sig":")") ||
      !parse_hex(take_bytes(rest, 2 * archived.signature.size()),
                 archived.signature.data(),
                 archived.signature.size())) {
    return std::nullopt;
  }
  archived.ts_us = *ts_us;
  // One statement, one line: leading zeros and whatever follows show here.
  if (archived.seq == 0 || archived_line(archived) != line) {
    return std::nullopt;
  }
  return archived;
}

Result<Archived> read_archived_unjudged(const std::string& folder) {
  const Result<std::optional<std::string>> content =
      read_small_file(path_of(folder, kArchivedName), kArchivedBytesMax);
  if (!content) {
    return content.error();
  }
  if (!*content) {
    return Archived();
  }
  std::string_view line = **content;
  line.remove_suffix(line.ends_with('\n') ? 1 : 0);
  const std::optional<Archived> archived = parse_archived_line(line);
  if (!archived) {
    return Error{Errc::corrupt, "what the folder says of archived segments is damaged"};
  }
  return *archived;
}

Result<Archived> read_archived(const std::string& folder,
                               const std::array<std::uint8_t, 32>& public_key) {
  const Result<Archived> archived = read_archived_unjudged(folder);
  if (archived && archived->segment > 0 &&
      !is_signed(archived_message(*archived), archived->signature, public_key)) {
    return Error{Errc::corrupt, "that segments were archived is not signed by this vault"};
  }
  return archived;
}

}  // namespace keyswap::audit
