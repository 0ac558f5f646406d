// SPDX-License-Identifier: Apache-2.0
//
// The files of an audit folder by name, and AppendFile: a file that only we append to, which
// notices when somebody else does something to it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "audit/file.h"
#include "proxy/base/result.h"

namespace keyswap::audit {

inline constexpr std::string_view kCheckpointsName = "checkpoints.jsonl";
inline constexpr std::string_view kPublicKeyName = "audit.pub";
inline constexpr std::string_view kLockName = "lock";
inline constexpr std::uint32_t kSegmentsMax = 999'999;  // six digits

std::string path_of(const std::string& folder, std::string_view name);

// "audit-000001.jsonl"; segments count from 1.
std::string segment_name(std::uint32_t number);

struct Segments {
  std::uint32_t oldest = 0;         // 0: there are none
  std::uint32_t newest = 0;         // likewise
  std::uint32_t first_missing = 0;  // behind `archived`, up to newest; 0: none is
};

// `archived`: the last of those that may be gone (audit/archived.h).
base::Result<Segments> list_segments(const std::string& folder, std::uint32_t archived = 0);

class AppendFile {
 public:
  // The file just opened or created at `path`, as long as it is now.
  static base::Result<std::unique_ptr<AppendFile>> adopt(Files& files,
                                                         std::string path,
                                                         std::unique_ptr<File> file);

  // Appends all of it or gives an error; a short write is carried on. After an error nothing more
  // may be appended: the end of the file is not known.
  base::Status append(std::string_view bytes);

  base::Status sync() { return file_->sync(); }

  // Shortens the file, durably.
  base::Status cut(std::uint64_t size);

  // Is the file as long as we made it, and not deleted? Cheap; corrupt if not.
  [[nodiscard]] base::Status check_size() const;
  // Is it still the one that its path leads to? corrupt if not.
  [[nodiscard]] base::Status check_path() const;

  [[nodiscard]] std::uint64_t size() const { return state_.size; }

 private:
  AppendFile(Files& files, std::string path, std::unique_ptr<File> file, FileState state);

  Files& files_;
  std::string path_;
  std::unique_ptr<File> file_;
  FileState state_;  // as it must be
};

}  // namespace keyswap::audit
