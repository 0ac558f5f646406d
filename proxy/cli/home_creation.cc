// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/home_creation.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/base/bytes.h"
#include "proxy/cli/bundle.h"
#include "proxy/cli/files.h"
#include "proxy/cli/workshop.h"
#include "vault/signing_key.h"

namespace keyswap::cli {

namespace {

constexpr std::size_t kRandomKeyBytes = 32;
constexpr mode_t kPrivateMode = 0600;
constexpr mode_t kFolderMode = 0700;

constexpr std::string_view kStarterBindings =
    R"(# Which secret may go where. See: keyswap help bindings, keyswap bindings check
version: 1
unmatched_destination_policy: forward_unmodified  # deny: 403 for unbound hosts
tls_termination: bound           # only hosts of a binding are decrypted, or all
audit: { path: audit }

secrets: {}
# An entry is made by: keyswap bindings add NAME --host HOST --path '/v1/**'
# By hand: take out the {} above, and the marks in front of these lines.
#   OPENAI_API_KEY:
#     placeholder: "sk-proj-PLACEHOLDER-@"
#     inject: { header: Authorization, format: "Bearer {secret}" }
#     bindings:
#       - host: api.openai.com
#         methods: [GET, POST]
#         paths: ["/v1/**"]
)";

Failure cannot_make(const Home& home, std::string why) {
  return {Exit::cannot,
          "cannot make the home " + home.path + ": " + std::move(why),
          "check the folder above it and the disk; nothing was left behind"};
}

base::Status fill_vault(const Home& home,
                        const vault::Secret& passphrase,
                        const ca::NewAuthority& authority,
                        const NewApproval& approval,
                        const bindings::PolicyText& starter,
                        std::int64_t now_s) {
  auto vault = vault::Vault::create(home.vault(), passphrase, now_s);
  if (!vault) {
    return vault.error();
  }
  const auto seed = vault::make_signing_seed();
  if (!seed) {
    return seed.error();
  }
  KS_TRY(vault->put_system(kCaKeyName, authority.key_der));
  KS_TRY(vault->put_system(kSigningSeedName, *seed));
  if (approval.is_for_starter && approve(home, *vault, approval.before, starter, approval.key)) {
    return base::Error{base::Errc::io, "the starter bindings cannot be approved"};
  }
  return {};
}

base::Status write_public_files(const Home& home,
                                const std::string& certificate_pem,
                                const bindings::PolicyText& starter,
                                std::int64_t now_s) {
  KS_TRY(write_certificates(home, certificate_pem, now_s));
  KS_TRY(write_file(home.bindings(), starter.bindings, kPrivateMode));
  if (mkdir(home.audit().c_str(), kFolderMode) != 0) {
    return base::Error{base::write_errc(errno), "cannot make the audit folder", errno};
  }
  return {};
}

base::Status fill_home(const Home& home,
                       const LockedText& passphrase,
                       KeyFile key_file,
                       const NewApproval& approval,
                       std::int64_t now_s,
                       const ca::PermittedHosts& permitted) {
  const auto secret = vault::Secret::copy_of(passphrase.view());
  if (!secret) {
    return secret.error();
  }
  const auto authority = ca::create_authority(now_s, permitted);
  if (!authority) {
    return authority.error();
  }
  // I17: what is approved is what is written.
  const bindings::PolicyText starter{starter_bindings(), {}};
  KS_TRY(fill_vault(home, *secret, *authority, approval, starter, now_s));
  KS_TRY(write_public_files(home, authority->certificate_pem, starter, now_s));
  const base::Status keyed =
      key_file == KeyFile::write ? write_key_file(home.key(), passphrase) : base::Status();
  return keyed ? sync_folder(home.path) : keyed;
}

// Those that are missing are ours alone, whatever the umask (the XDG base directory specification).
bool make_folders(const std::filesystem::path& path) {
  struct stat info {};

  if (stat(path.c_str(), &info) == 0) {
    return true;
  }
  const bool is_top = path == path.parent_path();
  return !is_top && make_folders(path.parent_path()) && mkdir(path.c_str(), kFolderMode) == 0;
}

}  // namespace

std::string starter_bindings() {
  constexpr std::size_t kRandomBytes = 12;
  std::array<std::uint8_t, kRandomBytes> random{};
  base::random_bytes(random);
  std::string text(kStarterBindings);
  return text.replace(text.find('@'),
                      1,
                      base::to_hex({reinterpret_cast<const char*>(random.data()), random.size()}));
}

Outcome<LockedText> make_random_key() {
  auto random = vault::LockedBytes::of_size(kRandomKeyBytes);
  auto text = vault::LockedBytes::of_size(2 * kRandomKeyBytes);
  if (!random || !text) {
    return Failure{
        Exit::cannot, "no locked memory is left for a key", "raise the limit: ulimit -l"};
  }
  base::random_bytes({reinterpret_cast<std::uint8_t*>(random->data()), kRandomKeyBytes});
  static constexpr std::string_view kDigits = "0123456789abcdef";
  for (std::size_t i = 0; i < kRandomKeyBytes; ++i) {
    const auto byte = static_cast<unsigned char>(random->data()[i]);
    text->data()[2 * i] = kDigits[byte >> 4U];
    text->data()[2 * i + 1] = kDigits[byte & 0x0fU];
  }
  return LockedText{std::move(*text), 2 * kRandomKeyBytes};
}

base::Status write_key_file(const std::string& path, const LockedText& key) {
  const File file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kPrivateMode));
  if (!file.is_open()) {
    return base::Error{base::write_errc(errno), "cannot create the key file", errno};
  }
  KS_TRY(write_all(file.descriptor(), key.view()));
  KS_TRY(write_all(file.descriptor(), "\n"));
  if (fchmod(file.descriptor(), kPrivateMode) != 0 || fsync(file.descriptor()) != 0) {
    return base::Error{base::write_errc(errno), "cannot write the key file", errno};
  }
  return {};
}

Problem check_place_for_home(const Home& home) {
  if (home.path.empty()) {
    const HomeProblem unnamed = no_home_named();
    return Failure{Exit::usage, unnamed.what, unnamed.hint};
  }
  if (const auto loose = check_folders_above(home.path)) {
    return Failure{Exit::cannot, loose->what, loose->hint};
  }

  struct stat info {};

  if (lstat(home.path.c_str(), &info) != 0) {
    return std::nullopt;
  }
  std::error_code failed;
  if (S_ISDIR(info.st_mode) && info.st_uid == geteuid() &&
      std::filesystem::is_empty(home.path, failed) && !failed) {
    return std::nullopt;
  }
  const bool is_home = access(home.vault().c_str(), F_OK) == 0;
  return Failure{
      Exit::usage,
      (is_home ? "there is a keyswap home already: " : "something else is there: ") + home.path,
      is_home ? "init never overwrites; name another with --home, or move it away"
              : "name a folder that does not exist yet with --home"};
}

Failure not_durable(const Home& home, const base::Error& error) {
  return {
      Exit::cannot,
      "the home " + home.path + " is made, but may be gone after a power cut: " + explain(error),
      "look at the disk"};
}

bool make_folders_above(const Home& home) {
  return make_folders(std::filesystem::path(home.path).parent_path());
}

Problem create_home(const Home& home,
                    const LockedText& passphrase,
                    KeyFile key_file,
                    const NewApproval& approval,
                    std::int64_t now_s,
                    const ca::PermittedHosts& permitted) {
  if (auto problem = check_place_for_home(home)) {
    return problem;
  }
  const std::filesystem::path parent = std::filesystem::path(home.path).parent_path();
  if (!make_folders_above(home)) {
    return cannot_make(home, explain_errno(errno));
  }
  Workshop workshop(home.path);
  if (!workshop.made()) {
    return cannot_make(home, explain(workshop.made().error()));
  }
  if (const auto filled =
          fill_home(Home{workshop.path()}, passphrase, key_file, approval, now_s, permitted);
      !filled) {
    return cannot_make(home, explain(filled.error()));
  }
  if (const auto moved = workshop.move_into_place(); !moved) {
    return cannot_make(home, explain(moved.error()));
  }
  if (const auto synced = sync_folder(parent.string()); !synced) {
    return not_durable(home, synced.error());
  }
  return std::nullopt;
}

}  // namespace keyswap::cli
