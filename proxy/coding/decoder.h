// SPDX-License-Identifier: Apache-2.0
//
// The content codings of HTTP (RFC 9110 section 8.4.1, RFC 7932, RFC 8878), undone piece by piece.
// One file a coding, behind which its library stays.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "proxy/base/bytes.h"
#include "proxy/base/result.h"

namespace keyswap::coding {

enum class Coding : std::uint8_t { gzip, deflate, brotli, zstd };

// The coding of that name (ASCII case ignored), or nothing.
std::optional<Coding> parse_coding(std::string_view name);

class Decoder {
 public:
  Decoder() = default;
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
  Decoder(Decoder&&) = delete;
  Decoder& operator=(Decoder&&) = delete;
  virtual ~Decoder() = default;

  // Appends to `out` all that the bytes so far stand for: nothing is kept back that could be said.
  // invalid_input: they are broken; limit_exceeded: `out` is full; unavailable: it would take more
  // memory than it may (bounds::kDecoderBytesMax). What follows the end of what is coded is
  // dropped, unless it is more of the kind.
  [[nodiscard]] virtual base::Status feed(std::string_view bytes, base::ByteSink& out) = 0;

  // Was what came whole? Nothing at all is.
  [[nodiscard]] virtual bool is_whole() const = 0;
};

// Null: no memory.
std::unique_ptr<Decoder> make_decoder(Coding coding);

}  // namespace keyswap::coding
