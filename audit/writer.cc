// SPDX-License-Identifier: Apache-2.0
#include "audit/writer.h"

#include <algorithm>
#include <utility>

#include "audit/recover.h"

namespace keyswap::audit {

namespace {

using base::Errc;
using base::Result;
using base::Status;

constexpr std::size_t kWriteBytes = std::size_t{256} * 1024;  // lines gathered for one write
// A segment that cannot be followed by another grows to so many times its size; then the log is
// dead.
constexpr std::uint64_t kOvergrownSegments = 4;

Result<std::unique_ptr<AppendFile>> open_or_create(Files& files, std::string path, bool exists) {
  Result<std::unique_ptr<File>> file = exists ? files.open(path) : files.create(path);
  if (!file) {
    return file.error();
  }
  return AppendFile::adopt(files, std::move(path), std::move(*file));
}

}  // namespace

Writer::Writer(Log::Settings settings, Files& files, FileLock lock)
    : settings_(std::move(settings)),
      files_(files),
      lock_(std::move(lock)),
      rotate_at_bytes_(settings_.segment_bytes) {}

Result<std::unique_ptr<Writer>> Writer::open(Log::Settings settings) {
  Files& files = settings.files != nullptr ? *settings.files : system_files();
  KS_TRY(check_folder(settings.folder));
  Result<FileLock> lock = FileLock::acquire(path_of(settings.folder, kLockName));
  if (!lock) {
    return lock.error();
  }
  std::unique_ptr<Writer> writer(new Writer(std::move(settings), files, std::move(*lock)));
  KS_TRY(writer->open_folder());
  return writer;
}

Status Writer::open_folder() {
  KS_TRY(settle_public_key(files_, settings_.folder, settings_.public_key));
  const Result<Found> found = examine(settings_.folder, settings_.public_key);
  if (!found) {
    return found.error();
  }
  // I7: before anything of the folder is changed.
  KS_TRY(settle_head(*found));
  seq_ = found->seq;
  hash_ = found->hash;
  signed_seq_ = found->checkpoint_seq;
  signed_hash_ = found->checkpoint_hash;
  segment_number_ = std::max<std::uint32_t>(found->segment, 1);
  if (found->torn_bytes > 0) {
    Result<std::string> moved = move_torn_bytes(files_, settings_.folder, *found);
    if (!moved) {
      return moved.error();
    }
    torn_end_ = std::move(*moved);
  }
  KS_TRY(open_files(*found));
  KS_TRY(record_unsigned(*found));
  return found->torn_bytes > 0 ? record_torn_end(found->torn_bytes) : Status();
}

Status Writer::settle_head(const Found& found) {
  KS_TRY(settings_.head ? hold_against(settings_.folder, found, *settings_.head) : Status());
  if (found.seq == 0) {
    return {};
  }
  const Result<std::optional<Hash>> id = log_id(settings_.folder, found.archived);
  if (!id) {
    return id.error();
  }
  log_ = id->value_or(kGenesis);
  if (found.checkpoint_seq > 0) {
    head_ = Head{log_, found.checkpoint_seq, found.checkpoint_hash};
  }
  return {};
}

Status Writer::open_files(const Found& found) {
  Result<std::unique_ptr<AppendFile>> checkpoints = open_or_create(
      files_, path_of(settings_.folder, kCheckpointsName), found.has_checkpoints_file);
  if (!checkpoints) {
    return checkpoints.error();
  }
  checkpoints_ = std::move(*checkpoints);
  KS_TRY(found.checkpoint_torn_bytes > 0 ? checkpoints_->cut(found.checkpoint_whole_bytes)
                                         : Status());
  Result<std::unique_ptr<AppendFile>> segment = open_or_create(
      files_, path_of(settings_.folder, segment_name(segment_number_)), found.segment > 0);
  if (!segment) {
    return segment.error();
  }
  segment_ = std::move(*segment);
  // What the last process wrote may not have reached the disk, nor may the entry of a new file.
  KS_TRY(segment_->sync());
  Result<std::unique_ptr<Folder>> folder = files_.open_folder(settings_.folder);
  if (!folder) {
    return folder.error();
  }
  folder_ = std::move(*folder);
  return folder_->sync();
}

// I7: whoever can write the folder can add records, for the chain has no key. So what the next
// checkpoint will sign without having written it is told, behind it and in front of all else: there
// is no checkpoint between them, which a rotation would make.
Status Writer::record_unsigned(const Found& found) {
  if (found.seq == found.checkpoint_seq) {
    return {};
  }
  KS_TRY(found.seq == 1 ? sign_first_record() : Status());
  std::string body;
  encode_body(UnsignedFoundRecord{settings_.clock->wall_us(), found.checkpoint_seq + 1, found.seq},
              body);
  link(body);
  return sync();
}

Status Writer::record_torn_end(std::uint64_t bytes) {
  std::string body;
  encode_body(RecoveredRecord{settings_.clock->wall_us(), bytes, torn_end_}, body);
  KS_TRY(add(body));
  return sync();
}

Status Writer::add(std::string_view body) {
  // A log of more than one record always has a checkpoint, so that emptying their file shows (I7).
  KS_TRY(seq_ == 1 && signed_seq_ == 0 ? sign_first_record() : Status());
  KS_TRY(segment_->size() + lines_.size() >= rotate_at_bytes_ ? rotate() : Status());
  link(body);
  return lines_.size() >= kWriteBytes ? flush() : Status();
}

void Writer::link(std::string_view body) {
  hash_ = append_line(seq_ + 1, hash_, body, lines_);
  ++seq_;
  log_ = seq_ == 1 ? hash_ : log_;
}

Status Writer::sign_first_record() {
  KS_TRY(checkpoint());
  return sync_checkpoints();
}

Status Writer::flush() {
  if (lines_.empty()) {
    return {};
  }
  KS_TRY(segment_->check_size());
  has_unsynced_lines_ = true;
  KS_TRY(segment_->append(lines_));
  lines_.clear();
  return {};
}

Status Writer::sync() {
  KS_TRY(flush());
  if (!has_unsynced_lines_) {
    return {};
  }
  const std::int64_t began_us = settings_.clock->steady_us();
  KS_TRY(segment_->sync());
  syncs_.add(settings_.clock->steady_us() - began_us);
  has_unsynced_lines_ = false;
  return {};
}

Status Writer::checkpoint() {
  if (!wants_checkpoint()) {
    return {};
  }
  // I7: a checkpoint vouches for what is on disk, so that a crash never leaves one that is not
  // reached.
  KS_TRY(sync());
  KS_TRY(check_files());
  Checkpoint made{seq_, hash_, settings_.clock->wall_us(), {}};
  const Result<std::array<std::uint8_t, 64>> signature =
      settings_.sign(checkpoint_message(made.seq, made.hash, made.ts_us));
  if (!signature) {
    return signature.error();
  }
  made.signature = *signature;
  has_unsynced_checkpoint_ = true;
  KS_TRY(checkpoints_->append(checkpoint_line(made) + "\n"));
  signed_seq_ = seq_;
  signed_hash_ = hash_;
  return {};
}

// Are they still the files that the paths lead to, and as we left them?
Status Writer::check_files() const {
  KS_TRY(segment_->check_path());
  KS_TRY(checkpoints_->check_size());
  return checkpoints_->check_path();
}

Status Writer::sync_checkpoints() {
  if (!has_unsynced_checkpoint_) {
    return {};
  }
  KS_TRY(checkpoints_->sync());
  has_unsynced_checkpoint_ = false;
  head_ = Head{log_, signed_seq_, signed_hash_};
  return {};
}

Status Writer::end_segment() {
  return segment_->size() + lines_.size() > 0 ? rotate() : Status();
}

// Can the segment go on although the next one could not be created?
bool Writer::may_go_on_after(const base::Error& creation) const {
  return creation.code == Errc::unavailable ||
         (creation.code != Errc::already_exists &&
          segment_->size() < kOvergrownSegments * settings_.segment_bytes);
}

// The order matters for whoever reads after a crash: a segment exists only when the one before it
// is whole, durable, and signed to its end.
Status Writer::rotate() {
  KS_TRY(checkpoint());
  KS_TRY(sync_checkpoints());
  const std::string path =
      path_of(settings_.folder, segment_name(std::min(segment_number_ + 1, kSegmentsMax)));
  const base::SpareDescriptors::Lent lent(spare_);  // the old segment's is the next spare one
  Result<std::unique_ptr<File>> next = files_.create(path);
  if (!next && may_go_on_after(next.error())) {
    // Nothing has happened to the file that we write: it goes on, and this is tried again later.
    rotate_at_bytes_ = segment_->size() + std::max<std::uint64_t>(settings_.segment_bytes / 8, 1);
    return {};
  }
  if (!next) {
    return next.error();
  }
  Result<std::unique_ptr<AppendFile>> adopted = AppendFile::adopt(files_, path, std::move(*next));
  if (!adopted) {
    return adopted.error();
  }
  KS_TRY(folder_->sync());
  segment_ = std::move(*adopted);
  ++segment_number_;
  rotate_at_bytes_ = settings_.segment_bytes;
  return {};
}

}  // namespace keyswap::audit
