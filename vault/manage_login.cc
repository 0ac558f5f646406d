// SPDX-License-Identifier: Apache-2.0
#include "vault/manage_login.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <sodium.h>

#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"
#include "proxy/base/manage_bounds.h"
#include "vault/caller_token.h"

namespace keyswap::vault {

namespace {

constexpr std::string_view kPasswordName = "manage-password";
constexpr std::size_t kHashBytes = 32;
constexpr std::size_t kCodeBytes = 32;
// "v1:" memory ":" passes ":" salt ":" hash, the last two in hex.
constexpr std::string_view kVersion = "v1:";

std::string_view name_of(ManageCode kind) {
  return kind == ManageCode::setup ? "manage-setup-code" : "manage-page-code";
}

std::int64_t life_of(ManageCode kind) {
  return kind == ManageCode::setup ? base::bounds::kManageSetupCodeSeconds
                                   : base::bounds::kManagePageCodeSeconds;
}

struct Stretch {
  std::uint64_t memory_bytes = 0;
  std::uint64_t passes = 0;
  std::string salt;
};

base::Result<std::string> stretch(const Stretch& how, const Secret& password) {
  std::string hash(kHashBytes, '\0');
  const std::string_view text = password.reveal();
  if (crypto_pwhash(reinterpret_cast<unsigned char*>(hash.data()),
                    hash.size(),
                    text.data(),
                    text.size(),
                    base::as_unsigned(how.salt),
                    how.passes,
                    how.memory_bytes,
                    crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return base::Error{base::Errc::unavailable, "there is no memory to hash a password"};
  }
  return hash;
}

bool take_number(std::string_view& text, std::uint64_t& number) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) {
    return false;
  }
  const auto read = std::from_chars(text.data(), text.data() + colon, number);
  const bool is_whole = read.ec == std::errc{} && read.ptr == text.data() + colon;
  text.remove_prefix(colon + 1);
  return is_whole;
}

// What is stored was sealed by us: what is not as we write it is damaged.
bool read_stored(std::string_view text, Stretch& how, std::string& hash) {
  if (!text.starts_with(kVersion)) {
    return false;
  }
  text.remove_prefix(kVersion.size());
  if (!take_number(text, how.memory_bytes) || !take_number(text, how.passes)) {
    return false;
  }
  const auto colon = text.find(':');
  auto salt = base::from_hex(text.substr(0, colon));
  auto stored = base::from_hex(colon == std::string_view::npos ? "" : text.substr(colon + 1));
  if (!salt || !stored || salt->size() != crypto_pwhash_SALTBYTES || stored->size() != kHashBytes) {
    return false;
  }
  how.salt = std::move(*salt);
  hash = std::move(*stored);
  return true;
}

base::Status put(Vault& vault, std::string_view name, std::string_view text) {
  const auto value = Secret::copy_of(text);
  return value ? vault.put_system(name, *value) : base::Status(value.error());
}

}  // namespace

bool is_same_secret(const Secret& one, const Secret& other) {
  return base::equal_constant_time(one.reveal(), other.reveal());
}

base::Result<Secret> without_blanks(const Secret& secret) {
  constexpr std::string_view kBlanks = " \t\r\n";
  std::string_view text = secret.reveal();
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  const auto last = text.find_last_not_of(kBlanks);
  return Secret::copy_of(text.substr(0, last == std::string_view::npos ? 0 : last + 1));
}

bool has_manage_password(const Vault& vault) {
  return !vault.system_names(kPasswordName).empty();
}

base::Status set_manage_password(Vault& vault, const Secret& password) {
  if (password.size() < base::bounds::kManagePasswordBytesMin ||
      password.size() > base::bounds::kPassphraseBytesMax) {
    return base::Error{base::Errc::invalid_input, "the password is too short or too long"};
  }
  Stretch how{static_cast<std::uint64_t>(base::bounds::kManageKdfMemoryBytes),
              static_cast<std::uint64_t>(base::bounds::kManageKdfPasses),
              std::string(crypto_pwhash_SALTBYTES, '\0')};
  randombytes_buf(how.salt.data(), how.salt.size());
  const auto hash = stretch(how, password);
  if (!hash) {
    return hash.error();
  }
  std::string text(kVersion);
  text += std::to_string(how.memory_bytes) + ":" + std::to_string(how.passes) + ":";
  text += base::to_hex(how.salt) + ":" + base::to_hex(*hash);
  const auto value = Secret::copy_of(text);
  return value ? vault.add_system(kPasswordName, *value) : base::Status(value.error());
}

base::Result<bool> check_manage_password(const Vault& vault, const Secret& password) {
  const auto stored = vault.fetch_system(kPasswordName);
  if (!stored) {
    return stored.error();
  }
  Stretch how;
  std::string hash;
  if (!read_stored(stored->reveal(), how, hash)) {
    return base::Error{base::Errc::corrupt, "the management password in the vault is damaged"};
  }
  if (password.size() == 0 || password.size() > base::bounds::kPassphraseBytesMax) {
    return false;
  }
  const auto given = stretch(how, password);
  if (!given) {
    return given.error();
  }
  return base::equal_constant_time(hash, *given);
}

base::Status drop_manage_password(Vault& vault) {
  for (const ManageCode kind : {ManageCode::setup, ManageCode::page}) {
    if (const auto dropped = vault.remove_system(name_of(kind));
        !dropped && dropped.error().code != base::Errc::not_found) {
      return dropped;
    }
  }
  return vault.remove_system(kPasswordName);
}

base::Result<std::string> make_manage_code(Vault& vault, ManageCode kind, std::int64_t now_s) {
  std::array<std::uint8_t, kCodeBytes> random{};
  base::random_bytes(random);
  std::string code =
      base::to_base64url({reinterpret_cast<const char*>(random.data()), random.size()});
  const std::string ends = std::to_string(now_s + life_of(kind));
  KS_TRY(put(vault, name_of(kind), ends + ":" + base::to_hex(caller_token_digest(code))));
  return code;
}

base::Result<bool> take_manage_code(Vault& vault,
                                    ManageCode kind,
                                    std::string_view code,
                                    std::int64_t now_s) {
  KS_TRY(vault.refresh());
  const auto stored = vault.fetch_system(name_of(kind));
  if (!stored && stored.error().code == base::Errc::not_found) {
    return false;
  }
  if (!stored) {
    return stored.error();
  }
  std::string_view text = stored->reveal();
  std::uint64_t ends = 0;
  if (!take_number(text, ends)) {
    return base::Error{base::Errc::corrupt, "a code in the vault is damaged"};
  }
  const std::string digest = base::to_hex(caller_token_digest(code));
  const bool is_in_time = now_s <= static_cast<std::int64_t>(ends) &&
                          now_s + life_of(kind) >= static_cast<std::int64_t>(ends);
  if (!is_in_time || !base::equal_constant_time(text, digest)) {
    return false;
  }
  // Of two who come with it at once, one removes it.
  const auto removed = vault.remove_system(name_of(kind));
  if (!removed && removed.error().code == base::Errc::not_found) {
    return false;
  }
  if (!removed) {
    return removed.error();
  }
  return true;
}

}  // namespace keyswap::vault
