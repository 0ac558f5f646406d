// SPDX-License-Identifier: Apache-2.0
//
// What the keys of a provider look like: "sk-ant-api03-{93:b64u}AA". Text stands for itself;
// {93:b64u} is 93 characters of an alphabet, {10-13:digit} as many as that; some pieces have a
// structure of their own (docs/providers.md lists both). A value is held against a shape without
// being copied or shown; bindings/stand_in.h makes placeholders that have the shape.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/result.h"

namespace keyswap::bindings {

struct ShapePiece {
  enum class Kind : std::uint8_t {
    text,        // as it stands
    characters,  // `least` to `most` of `alphabet`
    crc,         // six characters: the CRC-32 of the piece before it, in base 62
    id,          // an account's number in base64, as Discord's tokens begin
    jwt,         // a JSON Web Token
    ed25519,     // the base64 of a PEM private key (PKCS#8): the line between its marks
    ec,          // the same, of a key on P-256
  };

  Kind kind = Kind::text;
  std::string text;           // of Kind::text
  std::string_view alphabet;  // of Kind::characters; a constant
  std::size_t least = 0;
  std::size_t most = 0;
};

struct KeyShape {
  std::string source;  // as it was written
  std::vector<ShapePiece> pieces;
};

// invalid_input says what is wrong with it.
base::Result<KeyShape> parse_key_shape(std::string_view text);

// Could `value` be such a key? Checksums are not looked at.
bool has_shape(const KeyShape& shape, std::string_view value);

// "sk-ant-api03-… (108 characters)": what a person can compare a key with.
std::string describe(const KeyShape& shape);

// Words of the shape language.
std::vector<std::string_view> alphabet_names();
std::vector<std::string_view> structure_names();

}  // namespace keyswap::bindings
