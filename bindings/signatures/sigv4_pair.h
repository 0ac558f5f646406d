// SPDX-License-Identifier: Apache-2.0
//
// What a pair of keys signs with, and how it is seen that it did: under version 4 with a key of the
// day, which both sides make; under version 4A with a key on P-256, whose public half is enough to
// see it. Keys are made where they are needed and kept nowhere: that is one HMAC to four of them,
// and for P-256 less than the signature itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "bindings/private_key.h"
#include "bindings/signatures/public_key.h"
#include "bindings/signatures/sigv4.h"
#include "proxy/base/result.h"
#include "vault/secret.h"

namespace keyswap::bindings::sigv4 {

enum class Algorithm : std::uint8_t { hmac, ecdsa };

// How it is called where a signature is, and where a chunk's or a trailer's is; and the body that
// is signed in chunks. Of a chunk's signature all have the same length: a shorter one has '*'
// behind it.
struct AlgorithmNames {
  std::string_view head;
  std::string_view chunk;
  std::string_view trailer;
  std::string_view stream;
  std::string_view stream_with_trailer;
  std::size_t chunk_signature_bytes;
};

const AlgorithmNames& names_of(Algorithm algorithm);

// Is it a signature of the algorithm, in hex, of whomever? One of ECDSA is DER to the byte.
bool is_signature(Algorithm algorithm, std::string_view hex);

// A pair of keys; views of somebody else's memory.
struct Pair {
  std::string_view key_id;
  std::string_view secret;
};

using Lines = std::initializer_list<std::string_view>;

// Makes signatures. Movable; immutable.
class PairKey {
 public:
  // unavailable when there is no locked memory.
  static base::Result<PairKey> of(Algorithm algorithm, const Pair& pair, const KeyScope& scope);

  // Lower-case hex of the signature of these lines; under version 4A another one each time.
  [[nodiscard]] base::Result<std::string> sign(Lines lines) const;

 private:
  explicit PairKey(vault::Secret key) : key_(std::move(key)) {}

  explicit PairKey(PrivateKey key) : key_(std::move(key)) {}

  std::variant<vault::Secret, PrivateKey> key_;
};

// Sees whether a signature is the pair's. Movable; immutable.
class PairProof {
 public:
  // As above.
  static base::Result<PairProof> of(Algorithm algorithm, const Pair& pair, const KeyScope& scope);

  // Is it the pair's, of these lines? Under version 4A there are many, and of each one there is
  // another one that anybody can make of it (with the order of the curve less s); both are taken,
  // as AWS does, and neither is anybody's name for a request.
  [[nodiscard]] bool shows(Lines lines, std::string_view hex) const;

 private:
  explicit PairProof(PairKey key) : key_(std::move(key)) {}

  explicit PairProof(PublicKey key) : key_(std::move(key)) {}

  std::variant<PairKey, PublicKey> key_;
};

}  // namespace keyswap::bindings::sigv4
