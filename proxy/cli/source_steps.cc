// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/source_steps.h"

#include <cerrno>
#include <cstddef>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/base/bounds.h"
#include "proxy/cli/files.h"
#include "proxy/cli/options.h"
#include "proxy/cli/path_trust.h"
#include "vault/secret.h"

namespace keyswap::cli {

namespace {

using base::Errc;
using base::Error;

constexpr mode_t kOthers = 077;
constexpr mode_t kOthersWrite = 022;

// Not waiting for a writer of a pipe.
File open_at(const std::string& path, int flags) {
  return File(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags));
}

Error open_error(int number) {
  if (number == ENOENT || number == ENOTDIR) {
    return {Errc::not_found, "a source's file is not there", number};
  }
  const bool is_refused = number == EACCES || number == EPERM || number == ELOOP;
  return {is_refused ? Errc::permission : Errc::io, "a source's file cannot be opened", number};
}

bool is_of_us_alone(const struct stat& info, mode_t others) {
  const bool is_ours = info.st_uid == 0 || info.st_uid == ::geteuid();
  return S_ISREG(info.st_mode) && is_ours && (info.st_mode & others) == 0;
}

// One name in systemd's folder; "" there is no such folder, or that is no name.
std::string credential_path(std::string_view name) {
  const std::string folder = environment_variable("CREDENTIALS_DIRECTORY");
  return folder.empty() || !vault::SecretName::parse(name) ? "" : folder + "/" + std::string(name);
}

// One byte more than may be read tells that there are too many.
vault::Answer read_all(int descriptor) {
  auto bytes = vault::LockedBytes::of_size(base::bounds::kSecretBytesMax + 1);
  if (!bytes) {
    return bytes.error();
  }
  std::size_t size = 0;
  while (size < bytes->size()) {
    const ssize_t count = ::read(descriptor, bytes->data() + size, bytes->size() - size);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return Error{Errc::io, "a source's file cannot be read", errno};
    }
    if (count == 0) {
      // The block is for the longest; what is kept is as long as it is.
      auto value = vault::Secret::copy_of({bytes->data(), size});
      return value ? vault::Answer(vault::EntryAnswer{std::move(*value), ""})
                   : vault::Answer(value.error());
    }
    size += static_cast<std::size_t>(count);
  }
  return Error{Errc::limit_exceeded, "a source's file is longer than a secret may be"};
}

}  // namespace

vault::Answer read_own_entry(vault::Vault& vault,
                             const vault::ReadEntry& step,
                             bool is_anew,
                             std::int64_t now_s) {
  if (is_anew) {
    if (const auto refreshed = vault.refresh(); !refreshed) {
      return refreshed.error();
    }
  }
  auto entry = vault.open_entry(step.name, vault::EntryKind::text, now_s);
  if (!entry && entry.error().code == Errc::invalid_input) {
    entry = vault.open_entry(step.name, vault::EntryKind::private_key, now_s);
  }
  if (!entry) {
    return entry.error();
  }
  return vault::EntryAnswer{std::move(entry->value), std::move(entry->version)};
}

vault::Answer keep_own_entry(vault::Vault& vault,
                             const vault::KeepEntry& step,
                             std::int64_t now_s) {
  const base::Status kept = vault.replace_if(step.name, step.replaces, step.value, now_s);
  return kept                                  ? vault::Kept::done
         : kept.error().code == Errc::replaced ? vault::Kept::conflict
                                               : vault::Kept::failed;
}

vault::Answer read_own_file(const vault::ReadFile& step) {
  constexpr std::string_view kCredential = "credential:";
  const bool is_credential = step.path.starts_with(kCredential);
  const std::string path =
      is_credential ? credential_path(step.path.substr(kCredential.size())) : step.path;
  if (path.empty()) {
    return Error{Errc::not_found, "systemd gave no such credential"};
  }
  if (!path.starts_with('/') || check_folders_above(path)) {
    return Error{Errc::permission, "a source's file could have been put there by somebody else"};
  }
  const File file = open_at(path, step.is_mounted ? 0 : O_NOFOLLOW);
  if (!file.is_open()) {
    return open_error(errno);
  }

  struct stat info {};

  if (::fstat(file.descriptor(), &info) != 0) {
    return Error{Errc::io, "a source's file cannot be looked at", errno};
  }
  // systemd lets a service's user read a credential by an ACL, which shows as the group's right.
  const bool others_may_read = step.is_mounted || is_credential;
  if (!is_of_us_alone(info, others_may_read ? kOthersWrite : kOthers)) {
    return Error{Errc::permission, "a source's file is not of this user alone"};
  }
  return read_all(file.descriptor());
}

}  // namespace keyswap::cli
