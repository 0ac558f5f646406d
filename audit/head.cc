// SPDX-License-Identifier: Apache-2.0
#include "audit/head.h"

#include "audit/line.h"
#include "audit/line_reader.h"
#include "audit/scan.h"
#include "audit/segment.h"

namespace keyswap::audit {

namespace {

using base::Errc;
using base::Error;
using base::Result;
using base::Status;

struct Link {
  std::uint64_t seq = 0;
  Hash hash{};
};

// By its own word. Nothing behind the last whole record.
Result<std::optional<Link>> next_link(LineReader& reader) {
  const Result<LineReader::Item> item = reader.next();
  if (!item) {
    return item.error();
  }
  if (item->kind != LineReader::Kind::line) {
    return std::optional<Link>();
  }
  const std::optional<ParsedLine> parsed = parse_line(item->text);
  if (!parsed) {
    return std::optional<Link>();
  }
  return std::optional(Link{parsed->seq, parsed->hash});
}

// The hash of record `seq`, if it stands in that segment. `is_before`: the segment begins behind
// it.
Result<std::optional<Hash>> find_in(const std::string& path, std::uint64_t seq, bool& is_before) {
  Result<LineReader> reader = LineReader::open(path);
  if (!reader) {
    return reader.error();
  }
  bool is_first = true;
  while (true) {
    const Result<std::optional<Link>> link = next_link(*reader);
    if (!link) {
      return link.error();
    }
    is_before = is_first && (!*link || (*link)->seq > seq);
    if (!*link || (*link)->seq > seq) {
      return std::optional<Hash>();
    }
    if ((*link)->seq == seq) {
      return std::optional((*link)->hash);
    }
    is_first = false;
  }
}

// The newest segments first: a head is seldom old.
Result<std::optional<Hash>> hash_at(const std::string& folder,
                                    const Found& log,
                                    std::uint64_t seq) {
  for (std::uint32_t number = log.segment; number > log.archived.segment; --number) {
    bool is_before = false;
    const auto found = find_in(path_of(folder, segment_name(number)), seq, is_before);
    if (!found || !is_before) {
      return found;
    }
  }
  return seq == log.archived.seq ? std::optional(log.archived.hash) : std::nullopt;
}

}  // namespace

std::string head_line(const Head& head) {
  std::string line = R"({"v":1,"log":")";
  append_hex(head.log.data(), head.log.size(), line);
  line += R"(","seq":)";
  line += std::to_string(head.seq);
  line += R"(,"hash":")";
  append_hex(head.hash.data(), head.hash.size(), line);
  line += "\"}";
  return line;
}

std::optional<Head> parse_head_line(std::string_view line) {
  Head head;
  std::string_view rest = line;
  const bool is_read = take(rest, R"({"v":1,"log":")") && take_hash(rest, head.log) &&
                       take(rest, R"(","seq":)") && take_number(rest, head.seq) &&
                       take(rest, R"(,"hash":")") && take_hash(rest, head.hash);
  // One head, one line: leading zeros and whatever follows show here.
  if (!is_read || head.seq == 0 || head_line(head) != line) {
    return std::nullopt;
  }
  return head;
}

Result<std::optional<Hash>> log_id(const std::string& folder) {
  const Result<Archived> archived = read_archived_unjudged(folder);
  if (!archived) {
    return archived.error();
  }
  return log_id(folder, *archived);
}

Result<std::optional<Hash>> log_id(const std::string& folder, const Archived& archived) {
  if (archived.segment > 0) {
    return std::optional(archived.log);
  }
  Result<LineReader> reader = LineReader::open(path_of(folder, segment_name(1)));
  if (!reader) {
    return reader.error().code == Errc::not_found ? Result<std::optional<Hash>>(std::nullopt)
                                                  : reader.error();
  }
  const Result<LineReader::Item> item = reader->next();
  if (!item) {
    return item.error();
  }
  if (item->kind == LineReader::Kind::end || item->kind == LineReader::Kind::torn) {
    return std::optional<Hash>();
  }
  ParsedLine record;
  ChainCheck chain(0, kGenesis);
  if (item->kind != LineReader::Kind::line || chain.take(item->text, record)) {
    return Error{Errc::corrupt, "the audit log's first record is damaged"};
  }
  return std::optional(chain.hash());
}

Status hold_against(const std::string& folder, const Found& found, const Head& head) {
  if (found.seq < head.seq) {
    return Error{Errc::older,
                 found.seq == 0 ? base::Note("the audit log was removed")
                                : base::Note("records at its end are missing")};
  }
  const Result<std::optional<Hash>> id = log_id(folder, found.archived);
  if (!id) {
    return id.error();
  }
  if (*id != head.log) {
    return Error{Errc::older, "it is another log than the one that was written here"};
  }
  if (head.seq < found.archived.seq) {
    return {};
  }
  if (found.seq == head.seq || found.checkpoint_seq == head.seq) {
    const Hash& hash = found.seq == head.seq ? found.hash : found.checkpoint_hash;
    return hash == head.hash ? Status() : Error{Errc::older, "its records are not those of before"};
  }
  const Result<std::optional<Hash>> hash = hash_at(folder, found, head.seq);
  if (!hash) {
    return hash.error();
  }
  return *hash == head.hash ? Status() : Error{Errc::older, "its records are not those of before"};
}

Result<Head> read_head(const std::string& folder, const std::array<std::uint8_t, 32>& public_key) {
  const Result<std::optional<Checkpoint>> newest = newest_checkpoint(folder, public_key);
  if (!newest) {
    return newest.error();
  }
  const Result<Archived> archived = read_archived(folder, public_key);
  if (!archived) {
    return archived.error();
  }
  const Result<std::optional<Hash>> id = log_id(folder, *archived);
  if (!id) {
    return id.error();
  }
  if (!*newest || !*id) {
    return Error{Errc::not_found, "no record of the log is signed yet"};
  }
  return Head{**id, (*newest)->seq, (*newest)->hash};
}

}  // namespace keyswap::audit
