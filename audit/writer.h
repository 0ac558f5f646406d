// SPDX-License-Identifier: Apache-2.0
//
// The files of an open log and what is done to them, one step at a time: audit/log.cc decides when,
// on its thread. Not thread-safe, and nothing in it waits. Any error ends the writer: the state of
// the files is then known only after they have been read again, so nothing more may be called.
//
// That a new segment cannot be created is no error: the old one goes on for a time, and for as long
// as it takes if it is for want of a descriptor or memory, which passes.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "audit/chain.h"
#include "audit/file.h"
#include "audit/head.h"
#include "audit/log.h"
#include "audit/recover.h"
#include "audit/segment.h"
#include "proxy/base/counting.h"
#include "proxy/base/descriptors.h"
#include "proxy/base/result.h"

namespace keyswap::audit {

class Writer {
 public:
  static constexpr std::array<std::int64_t, 12> kSyncEndsUs = {
      100, 250, 500, 1'000, 2'500, 5'000, 10'000, 25'000, 50'000, 100'000, 250'000, 1'000'000};

  // See Log::open().
  static base::Result<std::unique_ptr<Writer>> open(Log::Settings settings);

  // Adds a record to the chain. Its line is written now or with a later step; it is durable after
  // sync().
  base::Status add(std::string_view body);
  // Writes the lines that were added.
  base::Status flush();
  // Makes everything that was added durable.
  base::Status sync();
  // The same, and signs it, unless the newest checkpoint covers it already.
  base::Status checkpoint();
  base::Status sync_checkpoints();
  // Closes the segment, signed to its end, and begins the next one, if it holds a record.
  base::Status end_segment();

  // The newest checkpoint that is durable, and which log it is of; nothing while there is none.
  [[nodiscard]] const std::optional<Head>& head() const { return head_; }

  // How long each sync of records took; any thread may read them.
  [[nodiscard]] const base::Durations<kSyncEndsUs>& syncs() const { return syncs_; }

  // The file that a torn end was moved to when the log was opened; "" if there was none.
  [[nodiscard]] const std::string& torn_end() const { return torn_end_; }

  // Are there records that are not known to be durable?
  [[nodiscard]] bool wants_sync() const { return has_unsynced_lines_ || !lines_.empty(); }

  // Are there records that no checkpoint covers?
  [[nodiscard]] bool wants_checkpoint() const { return signed_seq_ < seq_; }

  [[nodiscard]] bool wants_checkpoint_sync() const { return has_unsynced_checkpoint_; }

 private:
  Writer(Log::Settings settings, Files& files, FileLock lock);
  base::Status open_folder();
  base::Status settle_head(const Found& found);
  base::Status open_files(const Found& found);
  base::Status record_unsigned(const Found& found);
  base::Status record_torn_end(std::uint64_t bytes);
  void link(std::string_view body);
  [[nodiscard]] base::Status check_files() const;
  base::Status sign_first_record();
  [[nodiscard]] bool may_go_on_after(const base::Error& creation) const;
  base::Status rotate();

  Log::Settings settings_;
  Files& files_;
  FileLock lock_;
  // Held ahead, so that a new segment can be begun when all other descriptors are in use.
  std::unique_ptr<Folder> folder_;
  base::SpareDescriptors spare_{1};
  std::string torn_end_;
  std::unique_ptr<AppendFile> segment_;
  std::unique_ptr<AppendFile> checkpoints_;
  std::uint32_t segment_number_ = 0;
  std::uint64_t rotate_at_bytes_;  // the segment's size from which on there is to be a new one
  std::string lines_;              // added, not yet written
  std::uint64_t seq_ = 0;
  Hash hash_ = kGenesis;
  std::uint64_t signed_seq_ = 0;
  Hash signed_hash_{};
  Hash log_{};  // the log's id, once it has a record
  std::optional<Head> head_;
  bool has_unsynced_lines_ = false;
  bool has_unsynced_checkpoint_ = false;
  base::Durations<kSyncEndsUs> syncs_;
};

}  // namespace keyswap::audit
