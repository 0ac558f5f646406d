// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/credential_source.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/base/bounds.h"
#include "proxy/cli/files.h"

namespace keyswap::cli {

namespace {

constexpr mode_t kPrivateMode = 0600;
constexpr unsigned kBackupsMax = 100;

Failure cannot_read(const std::string& path, const std::string& why) {
  return {Exit::cannot,
          "cannot read " + path + ": " + why,
          "check the name, and that this user may read it"};
}

Failure cannot_write(const std::string& path, const std::string& why) {
  return {Exit::cannot, "cannot write " + path + ": " + why, "check the folder and the disk"};
}

std::string resolved(const std::string& path) {
  char* const found = realpath(path.c_str(), nullptr);
  std::string text = found == nullptr ? path : found;
  std::free(found);  // NOLINT(cppcoreguidelines-no-malloc): realpath's own
  return text;
}

std::string folder_of(const std::string& path) {
  return std::filesystem::path(path).parent_path().string();
}

// Durable, with its name.
Problem fill(const File& file, const std::string& path, std::string_view text) {
  auto written = write_all(file.descriptor(), text);
  if (written && fsync(file.descriptor()) != 0) {
    return cannot_write(path, explain_errno(errno));
  }
  if (written) {
    written = sync_folder(folder_of(path));
  }
  return written ? Problem() : Problem(cannot_write(path, explain(written.error())));
}

}  // namespace

Outcome<CredentialSource> read_source(const std::string& path) {
  CredentialSource source;
  source.path = resolved(path);
  const auto file = open_file(source.path);
  if (!file) {
    return cannot_read(path, explain(file.error()));
  }

  struct stat info {};

  if (fstat(file->descriptor(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return cannot_read(path, "it is no plain file");
  }
  constexpr mode_t kModeBits = 0777;
  source.mode = info.st_mode & kModeBits;
  source.is_own = info.st_uid == geteuid();
  auto text =
      read_locked(file->descriptor(), base::bounds::kCredentialFileBytesMax, Newline::keep, path);
  if (!text) {
    return text.failure();
  }
  source.text = std::move(text).value();
  return source;
}

Outcome<std::string> back_up(const CredentialSource& source) {
  for (unsigned number = 1; number <= kBackupsMax; ++number) {
    const std::string path =
        source.path + ".before-keyswap" + (number == 1 ? "" : "-" + std::to_string(number));
    const File file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kPrivateMode));
    if (!file.is_open() && errno == EEXIST) {
      continue;
    }
    if (!file.is_open()) {
      return cannot_write(path, explain_errno(errno));
    }
    if (auto problem = fill(file, path, source.text.view())) {
      unlink(path.c_str());
      return *std::move(problem);
    }
    return path;
  }
  return cannot_write(source.path + ".before-keyswap", "there are a hundred of them");
}

Problem replace_source(const CredentialSource& source, std::string_view text) {
  auto now = read_source(source.path);
  if (!now) {
    return now.failure();
  }
  if (now->text.view() != source.text.view()) {
    return Failure{Exit::cannot, source.path + " was changed by somebody else just now", ""};
  }
  if (const auto written = write_file(source.path, text, source.mode); !written) {
    return cannot_write(source.path, explain(written.error()));
  }
  return std::nullopt;
}

}  // namespace keyswap::cli
