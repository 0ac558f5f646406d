// SPDX-License-Identifier: Apache-2.0
#include "audit/recover.h"

#include <algorithm>
#include <utility>

#include "audit/line.h"
#include "audit/line_reader.h"
#include "audit/segment.h"

namespace keyswap::audit {

namespace {

using base::Errc;
using base::Error;
using base::Result;
using base::Status;

using Key = std::array<std::uint8_t, 32>;

constexpr std::size_t kCopyBytes = std::size_t{64} * 1024;
constexpr std::size_t kTornNamesMax = 1000;

struct Newest {
  bool exists = false;
  std::uint64_t whole_bytes = 0;
  std::uint64_t torn_bytes = 0;
  std::optional<Checkpoint> checkpoint;
};

// The end of the checkpoints file: a torn last line is a crash's; the line before it must be good.
Result<Newest> read_newest_checkpoint(const std::string& folder, const Key& public_key) {
  Newest newest;
  const Result<Input> input = Input::open(path_of(folder, kCheckpointsName));
  if (!input) {
    return input.error().code == Errc::not_found ? Result<Newest>(newest) : input.error();
  }
  const Result<std::uint64_t> size = input->size();
  if (!size) {
    return size.error();
  }
  std::string tail(std::min<std::uint64_t>(*size, kCopyBytes), '\0');
  const Result<std::size_t> got = input->read(*size - tail.size(), tail.data(), tail.size());
  if (!got) {
    return got.error();
  }
  newest.exists = true;
  const std::size_t end = tail.rfind('\n');
  if (end == std::string::npos && *size > tail.size()) {
    return Error{Errc::corrupt, "the audit log's checkpoints are damaged"};
  }
  newest.torn_bytes = end == std::string::npos ? tail.size() : tail.size() - end - 1;
  newest.whole_bytes = *size - newest.torn_bytes;
  if (newest.whole_bytes == 0) {
    return newest;
  }
  const std::size_t before = end == 0 ? std::string::npos : tail.rfind('\n', end - 1);
  const std::size_t begin = before == std::string::npos ? 0 : before + 1;
  newest.checkpoint = parse_checkpoint_line(std::string_view(tail).substr(begin, end - begin));
  if (!newest.checkpoint || newest.checkpoint->seq == 0 ||
      !verify_checkpoint(*newest.checkpoint, public_key)) {
    return Error{Errc::corrupt, "the audit log's newest checkpoint is not signed by this vault"};
  }
  return newest;
}

Status sync_folder(Files& files, const std::string& path) {
  const Result<std::unique_ptr<Folder>> folder = files.open_folder(path);
  return folder ? (*folder)->sync() : Status(folder.error());
}

struct Link {
  std::uint64_t seq = 0;
  Hash hash = kGenesis;
};

// The last record of a segment that was left behind, by its own word: its hash is recomputed, and
// the record after it must name that hash.
Result<Link> read_last_link(const std::string& path) {
  const Result<Input> input = Input::open(path);
  if (!input) {
    return input.error();
  }
  const Result<std::uint64_t> size = input->size();
  if (!size) {
    return size.error();
  }
  std::string tail(std::min<std::uint64_t>(*size, kCopyBytes), '\0');
  const Result<std::size_t> got = input->read(*size - tail.size(), tail.data(), tail.size());
  if (!got) {
    return got.error();
  }
  const Error damaged{Errc::corrupt, "the end of the audit log's last segment but one is damaged"};
  if (tail.size() < 2 || tail.back() != '\n') {
    return damaged;
  }
  tail.pop_back();
  const std::string_view line =
      std::string_view(tail).substr(tail.rfind('\n') + 1);  // npos + 1 = 0
  const std::optional<ParsedLine> parsed = parse_line(line);
  if (!parsed || hash_line(parsed->prev, parsed->hashed) != parsed->hash) {
    return damaged;
  }
  return Link{parsed->seq, parsed->hash};
}

// Did a crash leave the bytes from `offset` on? An unfinished line has no newline. Blocks that were
// given to the file but never written read as zeros, which no record holds, and whole lines of the
// same unsynced write may stand behind them. Neither opens a door: what is cut here could as well
// have been cut by whoever wrote it, and the newest checkpoint has to be reached without it.
Result<bool> is_torn(const std::string& path, std::uint64_t offset) {
  const Result<Input> input = Input::open(path);
  if (!input) {
    return input.error();
  }
  std::string piece(kCopyBytes, '\0');
  bool has_newline = false;
  while (true) {
    const Result<std::size_t> got = input->read(offset, piece.data(), piece.size());
    if (!got) {
      return got.error();
    }
    const std::string_view bytes(piece.data(), *got);
    if (bytes.find('\0') != std::string_view::npos) {
      return true;
    }
    has_newline = has_newline || bytes.find('\n') != std::string_view::npos;
    offset += bytes.size();
    if (bytes.size() < piece.size()) {
      return !has_newline;
    }
  }
}

// Reads the newest segment from the record after `link` on, to the last one that is whole.
class SegmentExam {
 public:
  SegmentExam(std::string path, const Link& link, const std::optional<Checkpoint>& checkpoint)
      : path_(std::move(path)), chain_(link.seq, link.hash), checkpoint_(checkpoint) {}

  Status run(Found& found) {
    Result<LineReader> reader = LineReader::open(path_);
    if (!reader) {
      return reader.error();
    }
    while (true) {
      const std::uint64_t begin = reader->offset();
      const Result<LineReader::Item> item = reader->next();
      if (!item) {
        return item.error();
      }
      if (item->kind != LineReader::Kind::line) {
        return finish(begin, reader->lines() + 1, found);
      }
      ParsedLine parsed;
      if (chain_.take(item->text, parsed)) {
        return finish(begin, reader->lines(), found);
      }
      if (is_forged()) {
        return Error{Errc::corrupt, "the audit log was rewritten since its newest checkpoint"};
      }
    }
  }

 private:
  // I7: the record that was signed is the one that stands there.
  [[nodiscard]] bool is_forged() const {
    return checkpoint_ && checkpoint_->seq == chain_.seq() && checkpoint_->hash != chain_.hash();
  }

  // `line`: the first one that is not whole.
  Status finish(std::uint64_t whole_bytes, std::uint64_t line, Found& found) {
    const Result<Input> input = Input::open(path_);
    if (!input) {
      return input.error();
    }
    const Result<std::uint64_t> size = input->size();
    if (!size) {
      return size.error();
    }
    found.whole_bytes = whole_bytes;
    found.torn_bytes = *size - whole_bytes;
    found.seq = chain_.seq();
    found.hash = chain_.hash();
    if (found.torn_bytes == 0) {
      return {};
    }
    const Result<bool> torn = is_torn(path_, whole_bytes);
    if (!torn) {
      return torn.error();
    }
    if (!*torn) {
      return Error{Errc::corrupt,
                   "the audit log's last segment has a damaged record in this line",
                   static_cast<std::int64_t>(line)};
    }
    return {};
  }

  std::string path_;
  ChainCheck chain_;
  const std::optional<Checkpoint>& checkpoint_;
};

Status check_checkpoint(const Found& found, const Link& link, const Newest& newest) {
  const std::uint64_t reached = newest.checkpoint ? newest.checkpoint->seq : 0;
  if (reached > found.seq) {
    return Error{Errc::corrupt, "the audit log ends before its newest checkpoint: it was cut"};
  }
  // A segment is begun only after a checkpoint of the end of the one before is on disk.
  if (reached < link.seq ||
      (reached == link.seq && reached > 0 && newest.checkpoint->hash != link.hash)) {
    return Error{Errc::corrupt, "the audit log's checkpoints were cut or do not fit it"};
  }
  // The second record is written only after a checkpoint of the first is on disk.
  if (found.seq > 1 && !newest.checkpoint) {
    return Error{Errc::corrupt, "the audit log's checkpoints were removed: no record is signed"};
  }
  if (found.seq > 0 && !newest.exists) {
    return Error{Errc::corrupt, "the audit log's checkpoints are missing"};
  }
  return {};
}

// The end of the segment before that one: what was archived ended as it was signed.
Result<Link> link_before(const std::string& folder,
                         std::uint32_t segment,
                         const Archived& archived) {
  if (segment == archived.segment + 1) {
    return Link{archived.seq, archived.hash};
  }
  return read_last_link(path_of(folder, segment_name(segment - 1)));
}

Result<Found> examine_segment(const std::string& folder,
                              std::uint32_t segment,
                              const Archived& archived,
                              const Newest& newest) {
  const Result<Link> link = link_before(folder, segment, archived);
  if (!link) {
    return link.error();
  }
  Found found;
  found.segment = segment;
  KS_TRY(SegmentExam(path_of(folder, segment_name(segment)), *link, newest.checkpoint).run(found));
  KS_TRY(check_checkpoint(found, *link, newest));
  return found;
}

std::string torn_name(const Found& found, std::size_t attempt) {
  std::string name = segment_name(found.segment);
  name.resize(name.size() - std::string_view("jsonl").size());
  name += "torn-";
  name += std::to_string(found.seq + 1);
  if (attempt > 1) {
    name += '.';
    name += std::to_string(attempt);
  }
  return name;
}

// A file that does not exist yet: an earlier crash at the same place may have left one behind.
Result<std::unique_ptr<File>> create_torn_file(Files& files,
                                               const std::string& folder,
                                               const Found& found,
                                               std::string& name) {
  for (std::size_t attempt = 1; attempt <= kTornNamesMax; ++attempt) {
    name = torn_name(found, attempt);
    Result<std::unique_ptr<File>> file = files.create(path_of(folder, name));
    if (file || file.error().code != Errc::already_exists) {
      return file;
    }
  }
  return Error{Errc::limit_exceeded,
               "too many torn ends of the audit log are kept: move them away"};
}

Status append_all(File& file, std::string_view bytes) {
  while (!bytes.empty()) {
    const Result<std::size_t> taken = file.write(bytes);
    if (!taken) {
      return taken.error();
    }
    if (*taken == 0 || *taken > bytes.size()) {
      return Error{Errc::io, "an audit file took no more bytes"};
    }
    bytes.remove_prefix(*taken);
  }
  return {};
}

Status copy_from(const std::string& path, std::uint64_t offset, File& target) {
  const Result<Input> input = Input::open(path);
  if (!input) {
    return input.error();
  }
  std::string piece(kCopyBytes, '\0');
  while (true) {
    const Result<std::size_t> got = input->read(offset, piece.data(), piece.size());
    if (!got) {
      return got.error();
    }
    if (*got == 0) {
      return {};
    }
    const Status appended = append_all(target, std::string_view(piece.data(), *got));
    if (!appended) {
      return appended.error();
    }
    offset += *got;
  }
}

Status cut(Files& files, const std::string& path, std::uint64_t size) {
  const Result<std::unique_ptr<File>> file = files.open(path);
  if (!file) {
    return file.error();
  }
  KS_TRY((*file)->truncate(size));
  return (*file)->sync();
}

}  // namespace

Result<Found> examine(const std::string& folder, const Key& public_key) {
  const Result<Archived> archived = read_archived(folder, public_key);
  if (!archived) {
    return archived.error();
  }
  const Result<Segments> segments = list_segments(folder, archived->segment);
  if (!segments) {
    return segments.error();
  }
  if (archived->segment > 0 && segments->newest <= archived->segment) {
    return Error{Errc::corrupt, "the audit log is missing: only what was archived of it is known"};
  }
  if (segments->first_missing != 0) {
    return Error{Errc::corrupt, "a segment of the audit log is missing", segments->first_missing};
  }
  const Result<Newest> newest = read_newest_checkpoint(folder, public_key);
  if (!newest) {
    return newest.error();
  }
  Found found;
  if (segments->newest > 0) {
    const Result<Found> examined = examine_segment(folder, segments->newest, *archived, *newest);
    if (!examined) {
      return examined.error();
    }
    found = *examined;
  } else if (newest->checkpoint) {
    return Error{Errc::corrupt, "the audit log is missing: there are only its checkpoints"};
  }
  found.archived = *archived;
  found.has_checkpoints_file = newest->exists;
  found.checkpoint_whole_bytes = newest->whole_bytes;
  found.checkpoint_torn_bytes = newest->torn_bytes;
  if (newest->checkpoint) {
    found.checkpoint_seq = newest->checkpoint->seq;
    found.checkpoint_hash = newest->checkpoint->hash;
  }
  return found;
}

Result<std::optional<Checkpoint>> newest_checkpoint(const std::string& folder,
                                                    const Key& public_key) {
  const Result<Newest> newest = read_newest_checkpoint(folder, public_key);
  if (!newest) {
    return newest.error();
  }
  return newest->checkpoint;
}

Result<std::string> move_torn_bytes(Files& files, const std::string& folder, const Found& found) {
  const std::string path = path_of(folder, segment_name(found.segment));
  std::string name;
  const Result<std::unique_ptr<File>> target = create_torn_file(files, folder, found, name);
  if (!target) {
    return target.error();
  }
  KS_TRY(copy_from(path, found.whole_bytes, **target));
  KS_TRY((*target)->sync());
  KS_TRY(sync_folder(files, folder));
  KS_TRY(cut(files, path, found.whole_bytes));  // only now that they are safe elsewhere
  return name;
}

Status settle_public_key(Files& files, const std::string& folder, const Key& public_key) {
  std::string wanted;
  append_hex(public_key.data(), public_key.size(), wanted);
  wanted += '\n';
  const std::string path = path_of(folder, kPublicKeyName);
  const Result<std::optional<std::string>> found = read_small_file(path, wanted.size());
  if (!found) {
    return found.error();
  }
  if (*found == wanted) {
    return {};
  }
  // A crash in the first start may have left the beginning of the file.
  if (*found && !wanted.starts_with(**found)) {
    return Error{Errc::corrupt, "audit.pub holds another key than this vault's"};
  }
  const Result<std::unique_ptr<File>> file = *found ? files.open(path) : files.create(path);
  if (!file) {
    return file.error();
  }
  KS_TRY((*file)->truncate(0));
  KS_TRY(append_all(**file, wanted));
  KS_TRY((*file)->sync());
  return sync_folder(files, folder);
}

Result<std::optional<std::string>> read_small_file(const std::string& path, std::size_t bytes_max) {
  const Result<Input> input = Input::open(path);
  if (!input) {
    return input.error().code == Errc::not_found ? Result<std::optional<std::string>>(std::nullopt)
                                                 : input.error();
  }
  std::string content(bytes_max + 1, '\0');
  const Result<std::size_t> got = input->read(0, content.data(), content.size());
  if (!got) {
    return got.error();
  }
  if (*got > bytes_max) {
    return Error{Errc::corrupt, "an audit file is longer than it can be"};
  }
  content.resize(*got);
  return std::optional<std::string>(std::move(content));
}

}  // namespace keyswap::audit
