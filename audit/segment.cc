// SPDX-License-Identifier: Apache-2.0
#include "audit/segment.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <system_error>
#include <utility>

#include "proxy/base/assert.h"

namespace keyswap::audit {

namespace {

using base::Errc;
using base::Error;
using base::Result;
using base::Status;

constexpr std::string_view kPrefix = "audit-";
constexpr std::string_view kSuffix = ".jsonl";
constexpr std::size_t kDigits = 6;

// The number in a segment's name, 0 for any other name.
std::uint32_t number_of(std::string_view name) {
  if (name.size() != kPrefix.size() + kDigits + kSuffix.size() || !name.starts_with(kPrefix) ||
      !name.ends_with(kSuffix)) {
    return 0;
  }
  std::uint32_t number = 0;
  const char* const begin = name.data() + kPrefix.size();
  const std::from_chars_result end = std::from_chars(begin, begin + kDigits, number);
  return end.ec == std::errc() && end.ptr == begin + kDigits ? number : 0;
}

std::uint32_t find_missing(const std::string& folder,
                           std::uint32_t archived,
                           std::uint32_t newest) {
  for (std::uint32_t number = archived + 1; number < newest; ++number) {
    std::error_code error;
    if (!std::filesystem::exists(path_of(folder, segment_name(number)), error)) {
      return number;
    }
  }
  return 0;
}

}  // namespace

std::string path_of(const std::string& folder, std::string_view name) {
  std::string path = folder;
  path += '/';
  path += name;
  return path;
}

std::string segment_name(std::uint32_t number) {
  KS_ASSERT(number >= 1 && number <= kSegmentsMax);
  const std::string digits = std::to_string(number);
  std::string name(kPrefix);
  name.append(kDigits - digits.size(), '0');
  name += digits;
  name += kSuffix;
  return name;
}

Result<Segments> list_segments(const std::string& folder, std::uint32_t archived) {
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error);
  if (error) {
    return file_error("the audit folder cannot be read", error.value());
  }
  Segments segments;
  std::uint32_t count = 0;
  while (entry != std::filesystem::directory_iterator()) {
    const std::uint32_t number = number_of(entry->path().filename().string());
    count += number > archived ? 1 : 0;
    segments.newest = std::max(segments.newest, number);
    if (number > 0 && (segments.oldest == 0 || number < segments.oldest)) {
      segments.oldest = number;
    }
    entry.increment(error);
    if (error) {
      return file_error("the audit folder cannot be read", error.value());
    }
  }
  if (archived + count < segments.newest) {
    segments.first_missing = find_missing(folder, archived, segments.newest);
  }
  return segments;
}

AppendFile::AppendFile(Files& files, std::string path, std::unique_ptr<File> file, FileState state)
    : files_(files), path_(std::move(path)), file_(std::move(file)), state_(state) {}

Result<std::unique_ptr<AppendFile>> AppendFile::adopt(Files& files,
                                                      std::string path,
                                                      std::unique_ptr<File> file) {
  const Result<FileState> state = file->state();
  if (!state) {
    return state.error();
  }
  return std::unique_ptr<AppendFile>(
      new AppendFile(files, std::move(path), std::move(file), *state));
}

Status AppendFile::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const Result<std::size_t> taken = file_->write(bytes);
    if (!taken) {
      return taken.error();
    }
    if (*taken == 0 || *taken > bytes.size()) {
      return Error{Errc::io, "an audit file took no more bytes"};
    }
    state_.size += *taken;
    bytes.remove_prefix(*taken);
  }
  return {};
}

Status AppendFile::cut(std::uint64_t size) {
  KS_TRY(file_->truncate(size));
  state_.size = size;
  return file_->sync();
}

Status AppendFile::check_size() const {
  const Result<FileState> now = file_->state();
  if (!now) {
    return now.error();
  }
  if (now->size != state_.size || now->links == 0) {
    return Error{Errc::corrupt, "an audit file was cut, extended or deleted by somebody else"};
  }
  return {};
}

Status AppendFile::check_path() const {
  const Result<FileState> now = files_.state_of(path_);
  if (!now) {
    return now.error();
  }
  if (now->inode != state_.inode || now->device != state_.device) {
    return Error{Errc::corrupt, "an audit file was moved or replaced by somebody else"};
  }
  return {};
}

}  // namespace keyswap::audit
