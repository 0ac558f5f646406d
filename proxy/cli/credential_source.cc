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

bool says(const std::string& path, std::string_view text) {
  auto now = read_source(path);
  return now && now->text.view() == text;
}

}  // namespace

Outcome<CredentialSource> read_source(const std::string& path) {
  CredentialSource source;
  source.path = resolved(path);
  auto file = open_file(source.path);
  if (!file) {
    return cannot_read(path, explain(file.error()));
  }
  source.file = std::move(file).value();

  struct stat info {};

  if (fstat(source.file.descriptor(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return cannot_read(path, "it is no plain file");
  }
  constexpr mode_t kModeBits = 0777;
  source.mode = info.st_mode & kModeBits;
  source.is_own = info.st_uid == geteuid();
  source.is_only_name = info.st_nlink <= 1;
  auto text = read_locked(
      source.file.descriptor(), base::bounds::kCredentialFileBytesMax, Newline::keep, path);
  if (!text) {
    return text.failure();
  }
  source.text = std::move(text).value();
  return source;
}

Problem check_changeable(const CredentialSource& source) {
  if (!source.is_own) {
    return Failure{Exit::cannot,
                   source.path + " belongs to another user, and is not changed",
                   "let its owner import it"};
  }
  if (!source.is_only_name) {
    return Failure{Exit::cannot,
                   source.path + " has further names (hard links), which would keep the values",
                   "make it a file of its own (cp, then mv), and import again"};
  }
  return std::nullopt;
}

Outcome<std::string> back_up(const CredentialSource& source) {
  for (unsigned number = 1; number <= kBackupsMax; ++number) {
    const std::string path =
        source.path + ".before-keyswap" + (number == 1 ? "" : "-" + std::to_string(number));
    const File file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kPrivateMode));
    if (!file.is_open() && errno == EEXIST) {
      remark("there is a copy of an earlier import, with the values of then: " + printable(path));
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

bool is_as_read(const CredentialSource& source) {
  return says(source.path, source.text.view());
}

Problem replace_source(const CredentialSource& source, std::string_view text) {
  const auto check = [&source]() -> base::Status {
    if (!is_as_read(source)) {
      return base::Error{base::Errc::replaced, "somebody else changed it just now"};
    }
    return {};
  };
  const auto written =
      write_file(source.path, text, {source.mode, source.file.descriptor(), check});
  if (written || says(source.path, text)) {
    return std::nullopt;
  }
  return cannot_write(source.path, explain(written.error()));
}

}  // namespace keyswap::cli
