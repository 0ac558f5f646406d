// SPDX-License-Identifier: Apache-2.0
#include "bindings/private_key_der.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "bindings/key_text.h"
#include "proxy/base/bytes.h"
#include "vault/signing_key.h"

namespace keyswap::bindings {

namespace {

using base::Errc;
using base::Error;
using base::Result;
using vault::Secret;

constexpr std::uint8_t kInteger = 0x02;
constexpr std::uint8_t kBitString = 0x03;
constexpr std::uint8_t kOctetString = 0x04;
constexpr std::uint8_t kNull = 0x05;
constexpr std::uint8_t kObject = 0x06;
constexpr std::uint8_t kSequence = 0x30;
constexpr std::uint8_t kContext0 = 0xa0;
constexpr std::uint8_t kContext1 = 0xa1;
constexpr std::uint8_t kContext1Primitive = 0x81;

constexpr std::size_t kSeedBytes = 32;

// Object identifiers, as DER writes their contents.
constexpr std::string_view kRsaId("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", 9);
constexpr std::string_view kEd25519Id("\x2b\x65\x70", 3);
constexpr std::string_view kEcId("\x2a\x86\x48\xce\x3d\x02\x01", 7);

struct NamedCurve {
  std::string_view id;
  Curve curve;
  std::size_t number_bytes;
};

constexpr std::array kCurves = {
    NamedCurve{{"\x2a\x86\x48\xce\x3d\x03\x01\x07", 8}, Curve::p256, 32},
    NamedCurve{{"\x2b\x81\x04\x00\x22", 5}, Curve::p384, 48},
    NamedCurve{{"\x2b\x81\x04\x00\x23", 5}, Curve::p521, 66},
};

Error not_a_key() {
  return {Errc::invalid_input, "this is no private key: neither PEM nor the base64 of its DER"};
}

// --- DER (X.690 section 10): one value after the other, definite and shortest lengths only ---

class DerReader {
 public:
  explicit DerReader(std::string_view rest) : rest_(rest) {}

  [[nodiscard]] bool is_at_end() const { return rest_.empty(); }

  [[nodiscard]] bool is_next(std::uint8_t tag) const {
    return !rest_.empty() && static_cast<std::uint8_t>(rest_.front()) == tag;
  }

  // The contents of the next value, if it is of that tag.
  std::optional<std::string_view> take(std::uint8_t tag) {
    constexpr std::size_t kShortMax = 0x7f;
    constexpr std::uint8_t kOneByte = 0x81;
    constexpr std::uint8_t kTwoBytes = 0x82;  // enough for kSecretBytesMax
    if (!is_next(tag) || rest_.size() < 2) {
      return std::nullopt;
    }
    const auto first = byte_at(1);
    std::size_t head = 2;
    std::size_t size = first;
    if (first == kOneByte && rest_.size() > 2) {
      head = 3;
      size = byte_at(2);
    } else if (first == kTwoBytes && rest_.size() > 3) {
      head = 4;
      size = (byte_at(2) << 8U) | byte_at(3);
    } else if (first > kShortMax) {
      return std::nullopt;
    }
    const bool is_shortest = (head == 2) || (head == 3 && size > kShortMax) || size > 0xff;
    if (!is_shortest || size > rest_.size() - head) {
      return std::nullopt;
    }
    const auto contents = rest_.substr(head, size);
    rest_.remove_prefix(head + size);
    return contents;
  }

  // A whole number that is not negative, without its leading zero; empty for zero itself.
  std::optional<std::string_view> take_number() {
    auto contents = take(kInteger);
    if (!contents || contents->empty() ||
        (static_cast<std::uint8_t>((*contents)[0]) & 0x80U) != 0) {
      return std::nullopt;
    }
    if (contents->front() == '\0') {
      contents->remove_prefix(1);
    }
    if (!contents->empty() && contents->front() == '\0') {
      return std::nullopt;
    }
    return contents;
  }

 private:
  [[nodiscard]] std::size_t byte_at(std::size_t i) const {
    return static_cast<std::uint8_t>(rest_[i]);
  }

  std::string_view rest_;
};

// The contents of the one value of `tag` that `der` is.
std::optional<std::string_view> only(std::uint8_t tag, std::string_view der) {
  DerReader reader(der);
  const auto contents = reader.take(tag);
  return reader.is_at_end() ? contents : std::nullopt;
}

// --- the three kinds ---

Error damaged() {
  return {Errc::invalid_input, "the private key is damaged, or not of the form it says it is"};
}

Result<KeyNumbers> read_rsa(std::string_view key) {
  const auto sequence = only(kSequence, key);
  DerReader reader(sequence.value_or(""));
  const auto version = reader.take_number();
  if (!version || !version->empty()) {
    return damaged();  // version 1 is a key of more than two primes
  }
  std::array<std::string_view, 8> numbers;
  for (auto& number : numbers) {
    const auto taken = reader.take_number();
    if (!taken || taken->empty()) {
      return damaged();
    }
    number = *taken;
  }
  if (!reader.is_at_end()) {
    return damaged();
  }
  return KeyNumbers(RsaNumbers{numbers[0],
                               numbers[1],
                               numbers[2],
                               numbers[3],
                               numbers[4],
                               numbers[5],
                               numbers[6],
                               numbers[7]});
}

// RFC 8410 section 7: an OCTET STRING in the OCTET STRING.
Result<KeyNumbers> read_ed25519(std::string_view key) {
  const auto seed = only(kOctetString, key);
  if (!seed || seed->size() != kSeedBytes) {
    return damaged();
  }
  return KeyNumbers(Ed25519Seed{*seed});
}

const NamedCurve* find_curve(std::string_view id) {
  const auto* const found = std::find_if(
      kCurves.begin(), kCurves.end(), [&](const NamedCurve& curve) { return curve.id == id; });
  return found == kCurves.end() ? nullptr : found;
}

// What RFC 5915 section 3 calls ECPrivateKey.
struct EcPrivateKey {
  std::string_view number;
  std::string_view curve_id;  // "" if it does not say
  std::string_view point;     // "" likewise
};

std::optional<EcPrivateKey> read_ec_private_key(std::string_view key) {
  const auto sequence = only(kSequence, key);
  DerReader reader(sequence.value_or(""));
  const auto version = reader.take_number();
  const auto number = reader.take(kOctetString);
  if (!version || *version != "\x01" || !number) {
    return std::nullopt;
  }
  EcPrivateKey read{*number, {}, {}};
  if (reader.is_next(kContext0)) {
    const auto id = only(kObject, reader.take(kContext0).value_or(""));
    if (!id) {
      return std::nullopt;
    }
    read.curve_id = *id;
  }
  if (reader.is_next(kContext1)) {
    const auto bits = only(kBitString, reader.take(kContext1).value_or(""));
    if (!bits || bits->size() < 2 || bits->front() != '\0') {
      return std::nullopt;
    }
    read.point = bits->substr(1);
  }
  return reader.is_at_end() ? std::optional(read) : std::nullopt;
}

Result<KeyNumbers> read_ec(std::string_view curve_id, std::string_view key) {
  const auto read = read_ec_private_key(key);
  if (!read || (!read->curve_id.empty() && read->curve_id != curve_id)) {
    return damaged();
  }
  const auto* const curve = find_curve(curve_id);
  if (curve == nullptr) {
    return Error{Errc::unsupported, "a key on another curve than P-256, P-384 and P-521"};
  }
  if (read->number.size() != curve->number_bytes) {
    return damaged();
  }
  return KeyNumbers(EcNumbers{curve->curve, read->number, read->point});
}

// --- PEM ---

Error encrypted() {
  return {Errc::unsupported,
          "the private key is encrypted; decrypt it first, with: openssl pkcs8 -in FILE"};
}

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kDashes = "-----";
constexpr std::string_view kPrivateKey = "PRIVATE KEY";

// Does a private key begin anywhere in the text?
bool has_key_label(std::string_view text) {
  for (auto at = text.find(kBegin); at != std::string_view::npos; at = text.find(kBegin, at)) {
    at += kBegin.size();
    if (text.substr(at, text.find(kDashes, at) - at).ends_with(kPrivateKey)) {
      return true;
    }
  }
  return false;
}

// What stands between the BEGIN and END lines of the only private key.
Result<std::string_view> find_block(std::string_view text) {
  for (auto at = text.find(kBegin); at != std::string_view::npos; at = text.find(kBegin, at)) {
    at += kBegin.size();
    const auto label_end = text.find(kDashes, at);
    const auto label = text.substr(at, std::min(label_end, text.size()) - at);
    const auto end = text.find("-----END " + std::string(label) + "-----", at);
    if (label_end == std::string_view::npos || end == std::string_view::npos) {
      return Error{Errc::invalid_input, "the PEM text has no end: its last lines are missing"};
    }
    if (!label.ends_with(kPrivateKey)) {
      continue;  // the curve's parameters, a certificate
    }
    if (label.starts_with("ENCRYPTED")) {
      return encrypted();
    }
    if (label.starts_with("OPENSSH")) {
      return Error{Errc::unsupported,
                   "a private key in OpenSSH's own form; convert it with: ssh-keygen -p -m PKCS8"};
    }
    const auto block = text.substr(label_end + kDashes.size(), end - label_end - kDashes.size());
    if (block.find("ENCRYPTED") != std::string_view::npos) {
      return encrypted();  // RFC 1421: Proc-Type: 4,ENCRYPTED
    }
    if (has_key_label(text.substr(end))) {
      return Error{Errc::invalid_input, "more than one key in the PEM text: give one"};
    }
    return block;
  }
  return Error{Errc::invalid_input, "there is no private key in the PEM text"};
}

// In locked memory.
Result<Secret> without_space(std::string_view text) {
  auto bytes = vault::LockedBytes::of_size(text.size());
  if (!bytes) {
    return bytes.error();
  }
  const std::size_t size = write_without_space(text, {bytes->data(), bytes->size()});
  return Secret::adopt(std::move(*bytes), size);
}

Result<Secret> decoded(std::string_view base64) {
  const auto text = without_space(base64);
  if (!text) {
    return text.error();
  }
  if (text->size() == 0) {
    return not_a_key();
  }
  auto bytes = vault::LockedBytes::of_size(text->size());
  if (!bytes) {
    return bytes.error();
  }
  const auto size = base::decode_base64(text->reveal(), {bytes->data(), bytes->size()});
  if (!size) {
    return not_a_key();
  }
  return Secret::adopt(std::move(*bytes), *size);
}

// --- the traditional forms, wrapped ---

std::string der_head(std::uint8_t tag, std::size_t size) {
  std::string head(1, static_cast<char>(tag));
  if (size > 0xff) {
    head += {'\x82', static_cast<char>(size >> 8U)};
  } else if (size > 0x7f) {
    head += '\x81';
  }
  return head += static_cast<char>(size & 0xffU);
}

std::string der_value(std::uint8_t tag, std::string_view contents) {
  return der_head(tag, contents.size()) + std::string(contents);
}

Result<Secret> wrapped(std::string_view algorithm, std::string_view key) {
  const auto before = der_value(kInteger, std::string_view("\0", 1)) +
                      der_value(kSequence, algorithm) + der_head(kOctetString, key.size());
  const auto head = der_head(kSequence, before.size() + key.size()) + before;
  auto out = vault::LockedBuffer::of_capacity(head.size() + key.size());
  if (!out) {
    return out.error();
  }
  KS_ASSERT(out->append(head) && out->append(key));
  return Secret::copy_of(out->reveal());
}

// The second value of the sequence tells the three forms apart.
Result<Secret> as_pkcs8(Secret der) {
  const auto sequence = only(kSequence, der.reveal());
  DerReader reader(sequence.value_or(""));
  static_cast<void>(reader.take(kInteger));
  if (reader.is_next(kInteger)) {
    return wrapped(der_value(kObject, kRsaId) + der_value(kNull, ""), der.reveal());
  }
  if (!reader.is_next(kOctetString)) {
    return der;
  }
  const auto key = read_ec_private_key(der.reveal());
  if (!key || key->curve_id.empty()) {
    return damaged();
  }
  return wrapped(der_value(kObject, kEcId) + der_value(kObject, key->curve_id), der.reveal());
}

// One sequence that begins as all three forms do: a version, and the number, octets or algorithm
// behind it. Random bytes never look so.
bool is_der_key(std::string_view bytes) {
  const auto sequence = only(kSequence, bytes);
  DerReader reader(sequence.value_or(""));
  const auto version = reader.take_number();
  return version && (version->empty() || *version == "\x01") &&
         (reader.is_next(kInteger) || reader.is_next(kOctetString) || reader.is_next(kSequence));
}

// Some vendors give an Ed25519 key as its bare bytes: the seed, mostly with the public half behind
// it. A P-384 key without its point is as long as that.
bool is_bare_ed25519(const Secret& bytes) {
  return (bytes.size() == kSeedBytes || bytes.size() == 2 * kSeedBytes) &&
         !is_der_key(bytes.reveal());
}

Result<Secret> wrapped_ed25519(const Secret& bytes) {
  const auto seed = Secret::copy_of(bytes.reveal().substr(0, kSeedBytes));
  const auto key = seed ? vault::SigningKey::of(*seed) : seed.error();
  auto octets = vault::LockedBuffer::of_capacity(2 + kSeedBytes);
  if (!key || !octets) {
    return key ? octets.error() : key.error();
  }
  const auto half = bytes.reveal().substr(kSeedBytes);
  if (!half.empty() && !std::ranges::equal(half, key->public_key(), [](char a, std::uint8_t b) {
        return static_cast<std::uint8_t>(a) == b;
      })) {
    return damaged();
  }
  KS_ASSERT(octets->append(der_head(kOctetString, kSeedBytes)) && octets->append(seed->reveal()));
  return wrapped(der_value(kObject, kEd25519Id), octets->reveal());
}

}  // namespace

Result<KeyNumbers> read_pkcs8(std::string_view der) {
  const auto sequence = only(kSequence, der);
  DerReader reader(sequence.value_or(""));
  const auto version = reader.take_number();
  const auto algorithm = reader.take(kSequence);
  const auto key = reader.take(kOctetString);
  if (!version || (!version->empty() && *version != "\x01") || !algorithm || !key) {
    return not_a_key();
  }
  // RFC 5958: attributes and the public key, which this program does not need.
  static_cast<void>(reader.take(kContext0));
  static_cast<void>(reader.take(kContext1Primitive));
  DerReader parameters(*algorithm);
  const auto id = parameters.take(kObject);
  if (!id || !reader.is_at_end()) {
    return not_a_key();
  }
  if (*id == kRsaId) {
    return read_rsa(*key);
  }
  if (*id == kEd25519Id && parameters.is_at_end()) {
    return read_ed25519(*key);
  }
  if (*id == kEcId) {
    const auto curve_id = parameters.take(kObject);
    return curve_id ? read_ec(*curve_id, *key) : damaged();
  }
  return Error{Errc::unsupported, "a private key of another kind than RSA, Ed25519 and EC"};
}

Result<Secret> pkcs8_of_text(std::string_view text) {
  if (text.find("-----BEGIN ") == std::string_view::npos) {
    auto der = decoded(text);
    if (der && is_bare_ed25519(*der)) {
      return wrapped_ed25519(*der);
    }
    return der ? as_pkcs8(std::move(*der)) : std::move(der);
  }
  const auto block = find_block(text);
  if (!block) {
    return block.error();
  }
  auto der = decoded(*block);
  return der ? as_pkcs8(std::move(*der)) : std::move(der);
}

}  // namespace keyswap::bindings
