// SPDX-License-Identifier: Apache-2.0
#include "bindings/signatures/sigv4_pair.h"

#include <optional>

#include "bindings/signatures/ecdsa_der.h"
#include "bindings/signatures/sigv4a.h"
#include "proxy/base/bytes.h"
#include "proxy/http/grammar.h"

namespace keyswap::bindings::sigv4 {

namespace {

constexpr std::size_t kHmacHexBytes = 64;

// The Amazon S3 API reference, "Authenticating Requests"; aws-c-auth (aws_signing.c).
constexpr AlgorithmNames kHmacNames = {
    .head = kAlgorithm,
    .chunk = "AWS4-HMAC-SHA256-PAYLOAD",
    .trailer = "AWS4-HMAC-SHA256-TRAILER",
    .stream = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    .stream_with_trailer = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
    .chunk_signature_bytes = kHmacHexBytes};
constexpr AlgorithmNames kEcdsaNames = {
    .head = kAsymmetricAlgorithm,
    .chunk = "AWS4-ECDSA-P256-SHA256-PAYLOAD",
    .trailer = "AWS4-ECDSA-P256-SHA256-TRAILER",
    .stream = "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD",
    .stream_with_trailer = "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER",
    .chunk_signature_bytes = 2 * ecdsa::kDerBytesMax};

// What is signed holds no secret: times, scopes, hashes and signatures.
std::string joined(Lines lines) {
  std::string text;
  for (const std::string_view line : lines) {
    text.append(text.empty() ? "" : "\n").append(line);
  }
  return text;
}

// r and s; nothing if it is no DER in hex.
std::optional<std::string> raw_of_hex(std::string_view hex) {
  std::string der(ecdsa::kDerBytesMax, '\0');
  const auto size = base::decode_hex(hex, der);
  return size ? ecdsa::raw_of(std::string_view(der).substr(0, *size)) : std::nullopt;
}

}  // namespace

const AlgorithmNames& names_of(Algorithm algorithm) {
  return algorithm == Algorithm::ecdsa ? kEcdsaNames : kHmacNames;
}

bool is_signature(Algorithm algorithm, std::string_view hex) {
  return algorithm == Algorithm::ecdsa
             ? raw_of_hex(hex).has_value()
             : hex.size() == kHmacHexBytes && http::grammar::all_are(hex, http::grammar::kHex);
}

// --- signing ---

base::Result<PairKey> PairKey::of(Algorithm algorithm, const Pair& pair, const KeyScope& scope) {
  if (algorithm == Algorithm::ecdsa) {
    auto key = derive_key(pair.key_id, pair.secret);
    return key ? base::Result<PairKey>(PairKey(std::move(*key))) : key.error();
  }
  auto key = make_key(pair.secret, scope);
  return key ? base::Result<PairKey>(PairKey(std::move(*key))) : key.error();
}

base::Result<std::string> PairKey::sign(Lines lines) const {
  if (const auto* const key = std::get_if<vault::Secret>(&key_)) {
    return signature_of(*key, lines);
  }
  const auto raw = std::get<PrivateKey>(key_).sign_es256(joined(lines));
  return raw ? base::Result<std::string>(base::to_hex(ecdsa::der_of(*raw))) : raw.error();
}

// --- verifying ---

base::Result<PairProof> PairProof::of(Algorithm algorithm,
                                      const Pair& pair,
                                      const KeyScope& scope) {
  if (algorithm == Algorithm::hmac) {
    auto key = PairKey::of(algorithm, pair, scope);
    return key ? base::Result<PairProof>(PairProof(std::move(*key))) : key.error();
  }
  const auto key = derive_key(pair.key_id, pair.secret);
  const auto half = key ? key->public_der() : key.error();
  auto made = half ? PublicKey::from_der(*half) : half.error();
  return made ? base::Result<PairProof>(PairProof(std::move(*made))) : made.error();
}

bool PairProof::shows(Lines lines, std::string_view hex) const {
  if (const auto* const key = std::get_if<PublicKey>(&key_)) {
    const auto raw = raw_of_hex(hex);
    return raw && key->verifies(joined(lines), *raw);
  }
  const auto expected = std::get<PairKey>(key_).sign(lines);
  return expected && base::equal_constant_time(*expected, base::to_lower(hex));
}

}  // namespace keyswap::bindings::sigv4
