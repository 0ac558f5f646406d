// SPDX-License-Identifier: Apache-2.0
#include "vault/approval.h"

#include <array>
#include <charconv>
#include <utility>

#include <sodium.h>

#include "proxy/base/bytes.h"

namespace keyswap::vault {

namespace {

// docs/vault-format.md, "The approval". A changed label is a changed format.
constexpr std::string_view kPolicyLabel = "keyswap vault v1 policy digest";
constexpr std::string_view kSignedLabel = "keyswap vault v1 approved policy";
constexpr std::string_view kTitle = "keyswap approval 1";
constexpr std::size_t kNumberBytes = 8;
constexpr std::size_t kSignatureBytes = crypto_sign_BYTES;
// In the order of the enumerators.
constexpr std::array<std::string_view, 3> kModeNames = {"key", "passphrase", "own-passphrase"};

static_assert(crypto_sign_PUBLICKEYBYTES == kKeyBytes);

std::array<char, kNumberBytes> little_endian(std::uint64_t number) {
  std::array<char, kNumberBytes> bytes{};
  for (char& byte : bytes) {
    byte = static_cast<char>(number & 0xffU);
    number >>= 8U;
  }
  return bytes;
}

// Label and field, each with its length before it, as everywhere in the vault.
std::string digest_of_field(std::string_view label, std::string_view field) {
  crypto_generichash_state state{};
  crypto_generichash_init(&state, nullptr, 0, kDigestBytes);
  for (const std::string_view each : {label, field}) {
    const auto size = little_endian(each.size());
    crypto_generichash_update(&state, base::as_unsigned({size.data(), size.size()}), size.size());
    crypto_generichash_update(&state, base::as_unsigned(each), each.size());
  }
  std::array<unsigned char, kDigestBytes> digest{};
  crypto_generichash_final(&state, digest.data(), digest.size());
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::string signed_message(std::string_view digest) {
  return digest_of_field(kSignedLabel, digest);
}

bool is_signed(const ApprovedPolicy& policy, const std::optional<ApprovalSigner>& signer) {
  if (!signer) {
    return true;
  }
  const std::string message = signed_message(policy.digest);
  return policy.signature.size() == kSignatureBytes && signer->public_key.size() == kKeyBytes &&
         crypto_sign_verify_detached(base::as_unsigned(policy.signature),
                                     base::as_unsigned(message),
                                     message.size(),
                                     base::as_unsigned(signer->public_key)) == 0;
}

// --- the entry's text: lines of a word and a value ---

void add_line(std::string& text, std::string_view word, std::string_view value) {
  text.append(word).append(" ").append(value).append("\n");
}

void add_bytes(std::string& text, std::string_view word, std::string_view bytes) {
  add_line(text, word, base::to_hex(bytes));
}

void add_policy(std::string& text, std::string_view word, const ApprovedPolicy& policy) {
  add_line(text,
           word,
           base::to_hex(policy.digest) +
               (policy.signature.empty() ? "" : " " + base::to_hex(policy.signature)));
}

void add_signer(std::string& text, const ApprovalSigner& signer) {
  const Header& seed = signer.sealed_seed;
  add_bytes(text, "signer", signer.public_key);
  add_bytes(text, "id", seed.vault_id);
  add_line(text, "created", std::to_string(seed.created_at));
  add_line(text, "kdf", seed.kdf);
  add_line(text, "memory", std::to_string(seed.kdf_memory_bytes));
  add_line(text, "passes", std::to_string(seed.kdf_passes));
  add_bytes(text, "salt", seed.kdf_salt);
  add_bytes(text, "nonce", seed.wrapped_key.nonce);
  add_bytes(text, "box", seed.wrapped_key.box);
  add_bytes(text, "checksum", seed.checksum);
}

// Takes lines from the front. A mistake shows in decode_approval(), which writes what was read and
// compares.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}

  // The value of the next line if it begins with that word, else "".
  std::string_view take(std::string_view word) {
    const auto end = rest_.find('\n');
    if (end == std::string_view::npos || end <= word.size() || !rest_.starts_with(word) ||
        rest_[word.size()] != ' ') {
      return {};
    }
    const auto value = rest_.substr(word.size() + 1, end - word.size() - 1);
    rest_.remove_prefix(end + 1);
    return value;
  }

  std::string take_bytes(std::string_view word) { return bytes_of(take(word)); }

  template <typename Number>
  Number take_number(std::string_view word) {
    const auto value = take(word);
    Number number = 0;
    std::from_chars(value.data(), value.data() + value.size(), number);
    return number;
  }

  ApprovedPolicy take_policy(std::string_view word) {
    const auto value = take(word);
    const auto blank = value.find(' ');
    return {bytes_of(value.substr(0, blank)),
            blank == std::string_view::npos ? "" : bytes_of(value.substr(blank + 1))};
  }

  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  static std::string bytes_of(std::string_view hex) {
    auto bytes = base::from_hex(hex);
    return bytes ? std::move(*bytes) : std::string();
  }

  std::string_view rest_;
};

ApprovalSigner take_signer(Lines& lines) {
  ApprovalSigner signer;
  Header& seed = signer.sealed_seed;
  signer.public_key = lines.take_bytes("signer");
  seed.vault_id = lines.take_bytes("id");
  seed.created_at = lines.take_number<std::int64_t>("created");
  seed.kdf = lines.take("kdf");
  seed.kdf_memory_bytes = lines.take_number<std::int64_t>("memory");
  seed.kdf_passes = lines.take_number<std::int64_t>("passes");
  seed.kdf_salt = lines.take_bytes("salt");
  seed.wrapped_key.nonce = lines.take_bytes("nonce");
  seed.wrapped_key.box = lines.take_bytes("box");
  seed.checksum = lines.take_bytes("checksum");
  return signer;
}

bool is_whole(const Approval& approval) {
  const bool has_signer = approval.mode == ApprovalMode::own_passphrase;
  return approval.policy.digest.size() == kDigestBytes &&
         (!approval.next || approval.next->digest.size() == kDigestBytes) &&
         approval.signer.has_value() == has_signer;
}

}  // namespace

std::string policy_digest(std::string_view policy) {
  return digest_of_field(kPolicyLabel, policy);
}

bool covers(const Approval& approval, std::string_view digest) {
  const auto is_it = [&](const ApprovedPolicy& policy) {
    return policy.digest == digest && is_signed(policy, approval.signer);
  };
  return is_it(approval.policy) || (approval.next && is_it(*approval.next));
}

std::string encode_approval(const Approval& approval) {
  std::string text;
  text.append(kTitle).append("\n");
  add_line(text, "mode", kModeNames[static_cast<std::size_t>(approval.mode)]);
  add_line(text, "number", std::to_string(approval.number));
  add_policy(text, "policy", approval.policy);
  if (approval.next) {
    add_policy(text, "next", *approval.next);
  }
  if (approval.signer) {
    add_signer(text, *approval.signer);
  }
  return text;
}

std::optional<Approval> decode_approval(std::string_view text) {
  if (!text.starts_with(kTitle) || text.substr(kTitle.size(), 1) != "\n") {
    return std::nullopt;
  }
  Lines lines(text.substr(kTitle.size() + 1));
  const auto mode = lines.take("mode");
  Approval approval;
  for (std::size_t i = 0; i < kModeNames.size(); ++i) {
    approval.mode = kModeNames[i] == mode ? static_cast<ApprovalMode>(i) : approval.mode;
  }
  approval.number = lines.take_number<std::uint64_t>("number");
  approval.policy = lines.take_policy("policy");
  if (auto next = lines.take_policy("next"); !next.digest.empty()) {
    approval.next = std::move(next);
  }
  if (!lines.at_end()) {
    approval.signer = take_signer(lines);
  }
  if (!is_whole(approval) || encode_approval(approval) != text) {
    return std::nullopt;
  }
  return approval;
}

base::Result<std::optional<Approval>> read_approval(const Vault& vault) {
  const auto text = vault.fetch_system(kApprovalName);
  if (!text && text.error().code == base::Errc::not_found) {
    return std::optional<Approval>();
  }
  if (!text) {
    return text.error();
  }
  auto approval = decode_approval(text->reveal());
  if (!approval) {
    return base::Error{base::Errc::corrupt, "the vault's approval cannot be read"};
  }
  return approval;
}

base::Status write_approval(Vault& vault, const Approval& approval) {
  const auto text = Secret::copy_of(encode_approval(approval));
  return text ? vault.put_system(kApprovalName, *text) : base::Status(text.error());
}

base::Result<ApprovalSigner> make_approval_signer(const Secret& passphrase, std::int64_t now_s) {
  KS_TRY(check_new_passphrase(passphrase));
  auto seed = make_data_key();
  if (!seed) {
    return seed.error();
  }
  auto sealed = wrap_data_key(*seed, passphrase, make_vault_id(), now_s);
  if (!sealed) {
    return sealed.error();
  }
  ApprovalSigner signer{"", std::move(*sealed)};
  const auto key = SigningKey::of(Secret::adopt(std::move(seed->bytes), kKeyBytes));
  if (!key) {
    return key.error();
  }
  const auto& public_key = key->public_key();
  signer.public_key.assign(reinterpret_cast<const char*>(public_key.data()), public_key.size());
  return signer;
}

base::Result<SigningKey> open_approval_signer(const ApprovalSigner& signer,
                                              const Secret& passphrase) {
  KS_TRY(check_header(signer.sealed_seed));
  auto seed = unwrap_data_key(signer.sealed_seed, passphrase);
  if (!seed) {
    return seed.error();
  }
  return SigningKey::of(Secret::adopt(std::move(seed->bytes), kKeyBytes));
}

ApprovedPolicy approved_policy(std::string_view digest, const SigningKey* key) {
  ApprovedPolicy policy{std::string(digest), ""};
  if (key != nullptr) {
    const auto signature = key->sign(signed_message(digest));
    policy.signature.assign(reinterpret_cast<const char*>(signature.data()), signature.size());
  }
  return policy;
}

}  // namespace keyswap::vault
