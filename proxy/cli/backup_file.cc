// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/backup_file.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <utility>

#include "proxy/base/bounds.h"
#include "proxy/cli/files.h"
#include "proxy/cli/policy.h"
#include "proxy/limits/sqlite_store.h"

namespace keyswap::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMagic = "keyswap backup 1\n";
constexpr std::size_t kNumberBytes = 8;
constexpr std::size_t kNonceBytes = 24;
constexpr std::size_t kNameBytesMax = 255;
constexpr std::string_view kNameCharacters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
// The state of the home itself, which no backup brings.
constexpr std::array<std::string_view, 7> kOwn = {
    "vault.db", "key", "audit", "clients", "serve.lock", "sources.lock", "bundle.pem"};
constexpr std::array<std::string_view, 2> kOwnPrefixes = {"restored", "before-restore-"};

bool is_plain_part(std::string_view part) {
  return !part.empty() && part.size() <= kNameBytesMax && part.front() != '.' &&
         part.find_first_not_of(kNameCharacters) == std::string_view::npos;
}

bool is_own(std::string_view first) {
  const bool is_state = std::ranges::any_of(kOwn, [&](std::string_view own) {
    // Also what lies beside it: "vault.db-journal", "key.new".
    const std::string_view rest = first.substr(std::min(own.size(), first.size()));
    return first.starts_with(own) && (rest.empty() || rest.front() == '-' || rest.front() == '.');
  });
  return is_state || std::ranges::any_of(kOwnPrefixes, [&](std::string_view prefix) {
           return first.starts_with(prefix);
         });
}

void append_number(std::string& text, std::uint64_t number) {
  for (std::size_t i = 0; i < kNumberBytes; ++i) {
    text += static_cast<char>(number & 0xffU);
    number >>= 8U;
  }
}

// Cut off the front of `bytes`; nothing if they end before it.
std::optional<std::string_view> take(std::string_view& bytes, std::uint64_t size) {
  if (size > bytes.size()) {
    return std::nullopt;
  }
  const std::string_view taken = bytes.substr(0, static_cast<std::size_t>(size));
  bytes.remove_prefix(taken.size());
  return taken;
}

std::optional<std::string_view> take_sized(std::string_view& bytes) {
  const auto number = take(bytes, kNumberBytes);
  if (!number) {
    return std::nullopt;
  }
  std::uint64_t size = 0;
  for (std::size_t i = kNumberBytes; i > 0; --i) {
    size = size << 8U | static_cast<unsigned char>((*number)[i - 1]);
  }
  return take(bytes, size);
}

Failure cannot_collect(const std::string& path, const base::Error& error) {
  return {Exit::cannot,
          "cannot read " + path + ": " + explain(error),
          "a backup without it would not be whole; nothing was written"};
}

// One file of the home, if it is there.
Problem add_file(const Home& home, const std::string& name, std::vector<BackedUp>& files) {
  const std::string path = home.path + "/" + name;
  auto bytes = read_file(path, base::bounds::kBackupBytesMax);
  if (!bytes && bytes.error().code == base::Errc::not_found) {
    return std::nullopt;
  }
  if (!bytes) {
    return cannot_collect(path, bytes.error());
  }
  files.push_back({name, std::move(*bytes)});
  return std::nullopt;
}

Problem add_folder(const Home& home, const std::string& name, std::vector<BackedUp>& files) {
  std::error_code error;
  std::vector<std::string> found;
  for (fs::directory_iterator entry(home.path + "/" + name, error);
       !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    std::string below = name + "/" + entry->path().filename().string();
    std::error_code ignored;
    if (is_backup_name(below) && entry->is_regular_file(ignored)) {
      found.push_back(std::move(below));
    }
  }
  std::ranges::sort(found);
  for (const std::string& below : found) {
    if (auto problem = add_file(home, below, files)) {
      return problem;
    }
  }
  return std::nullopt;
}

// A root that the bindings add: where it lies, and its name below the home, or "".
struct Root {
  std::string path;
  std::string name;
};

std::vector<Root> roots_of(const Home& home) {
  std::vector<Root> roots;
  auto parsed = read_bindings(home.bindings());
  if (!parsed) {
    return roots;
  }
  const std::string folder = home.path + "/";
  for (const std::string& named : parsed->bindings.upstream.ca_files) {
    const std::string path = fs::path(named).lexically_normal().string();
    std::string name = path.starts_with(folder) ? path.substr(folder.size()) : "";
    roots.push_back({path, is_backup_name(name) ? std::move(name) : ""});
  }
  return roots;
}

// Those that lie in the home. Others are the machine's.
Problem add_roots(const Home& home, std::vector<BackedUp>& files) {
  for (const Root& root : roots_of(home)) {
    if (!root.name.empty() && find_file(files, root.name) == nullptr) {
      if (auto problem = add_file(home, root.name, files)) {
        return problem;
      }
    }
  }
  return std::nullopt;
}

Problem add_limits(const Home& home, std::vector<BackedUp>& files) {
  auto copy = limits::copy_usage(home.limits());
  if (!copy && copy.error().code == base::Errc::not_found) {
    return std::nullopt;
  }
  if (!copy) {
    return cannot_collect(home.limits(), copy.error());
  }
  files.push_back({"limits.db", std::move(*copy)});
  return std::nullopt;
}

}  // namespace

bool is_backup_name(std::string_view name) {
  const std::size_t slash = name.find('/');
  const std::string_view first = name.substr(0, slash);
  if (!is_plain_part(first) || is_own(first)) {
    return false;
  }
  return slash == std::string_view::npos || is_plain_part(name.substr(slash + 1));
}

const BackedUp* find_file(const std::vector<BackedUp>& files, std::string_view name) {
  const auto found = std::ranges::find(files, name, &BackedUp::name);
  return found == files.end() ? nullptr : &*found;
}

std::string pack(const std::vector<BackedUp>& files) {
  std::string bytes;
  for (const BackedUp& file : files) {
    append_number(bytes, file.name.size());
    bytes += file.name;
    append_number(bytes, file.bytes.size());
    bytes += file.bytes;
  }
  return bytes;
}

std::optional<std::vector<BackedUp>> unpack(std::string_view bytes) {
  std::vector<BackedUp> files;
  std::set<std::string, std::less<>> names;
  while (!bytes.empty()) {
    const auto name = take_sized(bytes);
    const auto content = name ? take_sized(bytes) : std::nullopt;
    if (!content || !is_backup_name(*name) || !names.emplace(*name).second) {
      return std::nullopt;
    }
    files.push_back({std::string(*name), std::string(*content)});
  }
  return files;
}

std::string encode_backup(const BackupParts& parts) {
  std::string bytes(kMagic);
  append_number(bytes, parts.vault.size());
  bytes += parts.vault;
  bytes += parts.rest.nonce;
  bytes += parts.rest.box;
  return bytes;
}

std::optional<BackupParts> decode_backup(std::string_view bytes) {
  const auto magic = take(bytes, kMagic.size());
  if (!magic || *magic != kMagic) {
    return std::nullopt;
  }
  const auto vault = take_sized(bytes);
  const auto nonce = vault ? take(bytes, kNonceBytes) : std::nullopt;
  if (!nonce) {
    return std::nullopt;
  }
  return BackupParts{std::string(*vault), {std::string(*nonce), std::string(bytes)}};
}

Outcome<std::vector<BackedUp>> collect(const Home& home) {
  std::vector<BackedUp> files;
  for (const char* const name : {"bindings.yaml", "ca.pem", "ca-old.pem"}) {
    if (auto problem = add_file(home, name, files)) {
      return *std::move(problem);
    }
  }
  for (const char* const name : {"approved", "providers"}) {
    if (auto problem = add_folder(home, name, files)) {
      return *std::move(problem);
    }
  }
  if (auto problem = add_roots(home, files)) {
    return *std::move(problem);
  }
  if (auto problem = add_limits(home, files)) {
    return *std::move(problem);
  }
  return files;
}

bool is_same_home(const std::vector<BackedUp>& left, const std::vector<BackedUp>& right) {
  const auto without_limits = [](std::vector<BackedUp> files) {
    std::erase_if(files, [](const BackedUp& file) { return file.name == "limits.db"; });
    return files;
  };
  return without_limits(left) == without_limits(right);
}

std::vector<std::string> roots_left_out(const Home& home, const std::vector<BackedUp>& files) {
  std::vector<std::string> left_out;
  for (const Root& root : roots_of(home)) {
    if (root.name.empty() || find_file(files, root.name) == nullptr) {
      left_out.push_back(root.path);
    }
  }
  return left_out;
}

}  // namespace keyswap::cli
