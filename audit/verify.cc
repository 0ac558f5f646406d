// SPDX-License-Identifier: Apache-2.0
#include "audit/verify.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "audit/archived.h"
#include "audit/line.h"
#include "audit/line_reader.h"
#include "audit/recover.h"
#include "audit/segment.h"

namespace keyswap::audit {

namespace {

using base::Errc;
using base::Error;
using base::Note;
using base::Result;

using Key = std::array<std::uint8_t, 32>;
using Each = std::function<void(std::string_view line)>;

// The requests that have begun and not ended.
class UnderWay {
 public:
  void take(const ParsedLine& record) {
    switch (record.type) {
      case RecordType::inject_decision:
      case RecordType::tunnel:
        if (record.decision != Decision::refused) {  // nothing was sent
          begin(record);
        }
        return;
      case RecordType::upstream_response:
        if (record.outcome != Outcome::sent_again) {
          open_.erase(std::string(record.request_id));
        }
        return;
      case RecordType::start:
      case RecordType::recovered:
      case RecordType::unsigned_found:
      case RecordType::loss_accepted:
        abandon();  // a process that is gone ends nothing any more
        return;
      case RecordType::client_tls_failed:
      case RecordType::honeytoken_triggered:
      case RecordType::real_secret_seen:
      case RecordType::upstream_clock:
      case RecordType::stop:
      case RecordType::reload:
      case RecordType::approval:
      case RecordType::restored:
      case RecordType::secret_fetched:
      case RecordType::token_exchange:
      case RecordType::token_rotation:
      case RecordType::source_flushed:
      case RecordType::managed:
      case RecordType::vault_locked:
      case RecordType::vault_readable:
        return;
    }
  }

  void report(Verdict& verdict) {
    abandon();
    verdict.unfinished = unfinished_;
    verdict.unfinished_requests = std::move(named_);
  }

 private:
  void begin(const ParsedLine& record) {
    if (open_.size() < kUnfinishedMax) {
      open_.insert_or_assign(std::string(record.request_id), record.seq);
    } else {
      ++unfinished_;
    }
  }

  void abandon() {
    unfinished_ += open_.size();
    std::vector<Unfinished> left;
    if (named_.size() < kUnfinishedNamedMax) {
      for (const auto& [request_id, seq] : open_) {
        left.push_back({seq, request_id});
      }
    }
    std::sort(left.begin(), left.end(), [](const Unfinished& a, const Unfinished& b) {
      return a.seq < b.seq;
    });
    left.resize(std::min(left.size(), kUnfinishedNamedMax - named_.size()));
    std::move(left.begin(), left.end(), std::back_inserter(named_));
    open_.clear();
  }

  std::unordered_map<std::string, std::uint64_t> open_;
  std::uint64_t unfinished_ = 0;
  std::vector<Unfinished> named_;
};

class Verification {
 public:
  Verification(const std::string& folder, const Trusted& trusted, const Each& each)
      : folder_(folder), trusted_(trusted), each_(each) {}

  Result<Verdict> run() {
    verdict_.is_intact = judge();
    if (error_) {
      return *error_;
    }
    verdict_.last_seq = chain_.seq();
    verdict_.last_hash = chain_.hash();
    under_way_.report(verdict_);
    return std::move(verdict_);
  }

 private:
  // Each step gives true to go on; false: the verdict is made, or error_ is set.
  bool judge();
  bool list(Segments& segments);
  bool look_for_second_record();
  bool settle_key();
  bool settle_archived();
  bool open_checkpoints();
  bool next_checkpoint();
  bool begin_behind_archived();
  bool judge_segment(std::uint32_t number);
  bool judge_missing();
  bool judge_lines(LineReader& reader, std::uint32_t number);
  bool judge_rest(const LineReader::Item& item, std::uint32_t number);
  bool judge_line(std::string_view line);
  void note_unsigned(const ParsedLine& record);
  bool judge_head();
  bool judge_end_of_segment(std::uint32_t number);
  bool judge_end();

  bool stop(const Error& error);
  bool fail(std::string_view file, std::uint64_t line, Note problem);
  bool fail_record(std::uint64_t line, std::uint64_t seq, Note problem);

  const std::string& folder_;
  const Trusted& trusted_;
  const Each& each_;
  std::optional<Error> error_;
  Key key_{};
  Archived archived_;
  Segments before_;               // found before the checkpoints were opened
  bool had_two_records_ = false;  // then too
  Segments segments_;             // found after
  std::optional<LineReader> checkpoints_;
  std::optional<Checkpoint> due_;  // the next one that the log has to reach
  ChainCheck chain_{0, kGenesis};
  std::string file_;         // the segment being read
  std::uint64_t lines_ = 0;  // of it
  UnderWay under_way_;
  std::uint64_t told_until_ = 0;  // the last record that was told to be unsigned
  Verdict verdict_;
};

// A writer may be at work: the records are read after the checkpoints that they have to reach, and
// only a segment that had a successor before the checkpoints were opened must have its last one
// among them.
bool Verification::judge() {
  if (!list(before_) || !settle_key() || !settle_archived() || !look_for_second_record() ||
      !open_checkpoints() || !list(segments_) || !next_checkpoint()) {
    return false;
  }
  if (had_two_records_ && checkpoints_ && !due_) {
    return fail(kCheckpointsName, 0, "no record is signed: the checkpoints were removed");
  }
  if (!begin_behind_archived()) {
    return false;
  }
  for (std::uint32_t number = archived_.segment + 1; number <= segments_.newest; ++number) {
    if (!judge_segment(number)) {
      return false;
    }
  }
  return judge_end();
}

bool Verification::list(Segments& segments) {
  const Result<Segments> found = list_segments(folder_);
  if (!found) {
    return stop(found.error());
  }
  segments = *found;
  return true;
}

// The second record is written only after a checkpoint of the first is on disk. Looked for before
// the checkpoints are opened: both may be written meanwhile.
bool Verification::look_for_second_record() {
  if (archived_.segment > 0) {
    had_two_records_ = true;  // or one, whose end was signed
    return true;
  }
  Result<LineReader> reader = LineReader::open(path_of(folder_, segment_name(1)));
  if (!reader) {
    return reader.error().code == Errc::not_found || stop(reader.error());  // judged later
  }
  had_two_records_ = true;
  for (int i = 0; i < 2; ++i) {
    const Result<LineReader::Item> item = reader->next();
    if (!item) {
      return stop(item.error());
    }
    had_two_records_ = had_two_records_ && item->kind == LineReader::Kind::line;
  }
  return true;
}

bool Verification::settle_key() {
  const std::optional<Key>& trusted = trusted_.public_key;
  constexpr std::size_t kContentBytes = 2 * std::tuple_size_v<Key> + 1;
  const Result<std::optional<std::string>> content =
      read_small_file(path_of(folder_, kPublicKeyName), kContentBytes);
  if (!content && content.error().code != Errc::corrupt) {
    return stop(content.error());
  }
  if (content && !*content) {
    if (before_.newest == 0 && trusted_.head) {
      return fail(segment_name(1), 0, "the log is missing, and a head of it was kept");
    }
    if (before_.newest == 0) {
      return stop({Errc::not_found, "there is no audit log in this folder"});
    }
    key_ = trusted.value_or(Key{});
    return trusted || fail(kPublicKeyName, 0, "the public key of the checkpoints is missing");
  }
  if (!content || (*content)->size() != kContentBytes || (*content)->back() != '\n' ||
      !parse_hex(
          std::string_view(**content).substr(0, kContentBytes - 1), key_.data(), key_.size())) {
    return fail(kPublicKeyName, 1, "this is not a public key in hex");
  }
  if (trusted && *trusted != key_) {
    return fail(kPublicKeyName, 1, "this is not the public key that is trusted");
  }
  return true;
}

// Read after the segments were listed: what was archived since is covered by it.
bool Verification::settle_archived() {
  const Result<Archived> archived = read_archived(folder_, key_);
  if (!archived) {
    return archived.error().code == Errc::corrupt ? fail(kArchivedName, 1, archived.error().note)
                                                  : stop(archived.error());
  }
  archived_ = *archived;
  verdict_.archived_seq = archived_.seq;
  return true;
}

// Their number is fixed now: one that is written later may sign records behind those that are read.
bool Verification::open_checkpoints() {
  const std::string path = path_of(folder_, kCheckpointsName);
  const Result<Input> input = Input::open(path);
  if (!input) {
    if (input.error().code != Errc::not_found) {
      return stop(input.error());
    }
    return before_.newest == 0 || fail(kCheckpointsName, 0, "the checkpoints are missing");
  }
  const Result<std::uint64_t> size = input->size();
  if (!size) {
    return stop(size.error());
  }
  Result<LineReader> reader = LineReader::open(path, *size);
  if (!reader) {
    return stop(reader.error());
  }
  checkpoints_.emplace(std::move(*reader));
  return true;
}

bool Verification::next_checkpoint() {
  due_.reset();
  if (!checkpoints_) {
    return true;
  }
  const Result<LineReader::Item> item = checkpoints_->next();
  if (!item) {
    return stop(item.error());
  }
  if (item->kind == LineReader::Kind::end || item->kind == LineReader::Kind::torn) {
    return true;  // an unfinished one vouches for nothing yet
  }
  const std::uint64_t line =
      checkpoints_->lines() + (item->kind == LineReader::Kind::too_long ? 1 : 0);
  due_ = parse_checkpoint_line(item->text);
  if (!due_) {
    return fail(kCheckpointsName, line, "the line is not a checkpoint in canonical form");
  }
  if (due_->seq <= verdict_.last_checkpoint_seq) {
    return fail(kCheckpointsName, line, "the checkpoint does not come after the one before");
  }
  if (!verify_checkpoint(*due_, key_)) {
    return fail(kCheckpointsName, line, "the checkpoint's signature is not by the log's key");
  }
  return true;
}

// I7: nobody but who holds the key can say where the log begins; the checkpoint of that record has
// to be there as at the end of each segment.
bool Verification::begin_behind_archived() {
  if (archived_.segment == 0) {
    return true;
  }
  const std::optional<Head>& head = trusted_.head;
  if (head && head->log != archived_.log) {
    return fail(kArchivedName, 1, "this is another log than the one whose head was kept");
  }
  if (head && head->seq == archived_.seq && head->hash != archived_.hash) {
    return fail(kArchivedName, 1, "the archived record is not the one that the head names");
  }
  bool is_signed_there = false;
  while (due_ && due_->seq <= archived_.seq) {
    is_signed_there = due_->seq == archived_.seq && due_->hash == archived_.hash;
    verdict_.last_checkpoint_seq = due_->seq;
    if (!next_checkpoint()) {
      return false;
    }
  }
  chain_ = ChainCheck(archived_.seq, archived_.hash);
  return is_signed_there ||
         fail(kCheckpointsName, 0, "the end of what was archived is not signed: they were cut");
}

bool Verification::judge_segment(std::uint32_t number) {
  file_ = segment_name(number);
  lines_ = 0;
  Result<LineReader> reader = LineReader::open(path_of(folder_, file_));
  if (!reader) {
    return reader.error().code == Errc::not_found ? judge_missing() : stop(reader.error());
  }
  return judge_lines(*reader, number) && judge_end_of_segment(number);
}

bool Verification::judge_missing() {
  const Result<Archived> now = read_archived(folder_, key_);
  if (now && now->segment > archived_.segment) {
    return stop({Errc::unavailable, "segments were archived meanwhile"});
  }
  return fail_record(0, chain_.seq() + 1, "a segment is missing");
}

bool Verification::judge_lines(LineReader& reader, std::uint32_t number) {
  while (true) {
    const Result<LineReader::Item> item = reader.next();
    if (!item) {
      return stop(item.error());
    }
    if (item->kind != LineReader::Kind::line) {
      return judge_rest(*item, number);
    }
    ++lines_;
    if (!judge_line(item->text)) {
      return false;
    }
  }
}

// What stands behind a segment's last whole line.
bool Verification::judge_rest(const LineReader::Item& item, std::uint32_t number) {
  if (item.kind == LineReader::Kind::too_long) {
    return fail_record(lines_ + 1, chain_.seq() + 1, "the line is longer than any record");
  }
  if (number < segments_.newest && !item.text.empty()) {
    return fail_record(
        lines_ + 1, chain_.seq() + 1, "the line is unfinished and not the log's last");
  }
  verdict_.torn_bytes = item.text.size();
  return true;
}

bool Verification::judge_line(std::string_view line) {
  ParsedLine record;
  const std::uint64_t expected = chain_.seq() + 1;
  if (const std::optional<Note> problem = chain_.take(line, record)) {
    return fail_record(lines_, expected, *problem);
  }
  ++verdict_.records;
  under_way_.take(record);
  note_unsigned(record);
  if (each_) {
    each_(line);
  }
  if (!judge_head()) {
    return false;
  }
  if (!due_ || due_->seq != chain_.seq()) {
    return true;
  }
  if (due_->hash != chain_.hash()) {
    return fail_record(lines_,
                       expected,
                       "the record is not the one that was signed: it or one since the checkpoint "
                       "before was rewritten");
  }
  ++verdict_.checkpoints;
  verdict_.last_checkpoint_seq = due_->seq;
  return next_checkpoint();
}

// A crash right after it was told has it told again, with what was told before.
void Verification::note_unsigned(const ParsedLine& record) {
  const std::uint64_t last = record.seq - 1;
  if (record.type != RecordType::unsigned_found || record.first_unsigned == 0 ||
      record.first_unsigned > last) {
    return;
  }
  verdict_.unsigned_records += last - std::max(record.first_unsigned - 1, told_until_);
  told_until_ = last;
  if (verdict_.unsigned_found.size() < kUnfinishedNamedMax) {
    verdict_.unsigned_found.push_back({record.first_unsigned, last});
  }
}

// Is it the log whose head was kept, with the record that the head names?
bool Verification::judge_head() {
  const std::optional<Head>& head = trusted_.head;
  if (!head) {
    return true;
  }
  if (chain_.seq() == 1 && chain_.hash() != head->log) {
    return fail_record(lines_, 1, "this is another log than the one whose head was kept");
  }
  if (chain_.seq() == head->seq && chain_.hash() != head->hash) {
    return fail_record(lines_,
                       head->seq,
                       "the record is not the one that the head names: the log was rewritten, or "
                       "set back and written on");
  }
  return true;
}

bool Verification::judge_end_of_segment(std::uint32_t number) {
  if (number < before_.newest && verdict_.last_checkpoint_seq != chain_.seq()) {
    return fail_record(
        lines_, chain_.seq(), "the segment's last record is not signed: checkpoints were removed");
  }
  if (number < segments_.newest) {
    verdict_.closed = {number, chain_.seq(), chain_.hash()};
  }
  return true;
}

bool Verification::judge_end() {
  if (segments_.newest <= archived_.segment) {
    file_ = segment_name(std::min(archived_.segment + 1, kSegmentsMax));
    return fail_record(0, archived_.seq + 1, "the log has no segment");
  }
  if (due_) {
    return fail_record(lines_ + 1,
                       chain_.seq() + 1,
                       "the log ends before its newest checkpoint: records were cut off");
  }
  if (trusted_.head && chain_.seq() < trusted_.head->seq) {
    return fail_record(lines_ + 1,
                       chain_.seq() + 1,
                       "the log ends before the head that was kept of it: records were cut off, or "
                       "an older copy was put back");
  }
  return true;
}

bool Verification::stop(const Error& error) {
  error_ = error;
  return false;
}

bool Verification::fail(std::string_view file, std::uint64_t line, Note problem) {
  verdict_.file = file;
  verdict_.line = line;
  verdict_.problem = problem;
  return false;
}

bool Verification::fail_record(std::uint64_t line, std::uint64_t seq, Note problem) {
  verdict_.seq = seq;
  return fail(file_, line, problem);
}

}  // namespace

Result<Verdict> verify(const std::string& folder, const Trusted& trusted, const Each& each) {
  return Verification(folder, trusted, each).run();
}

}  // namespace keyswap::audit
