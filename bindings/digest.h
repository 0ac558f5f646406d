// SPDX-License-Identifier: Apache-2.0
//
// Hashes and HMAC over views, for template helpers and signers; the result is wiped when it goes.
// (The state that OpenSSL keeps while it computes is on the ordinary heap, and freed wiped.)
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/base/result.h"

namespace keyswap::bindings {

enum class HashKind : std::uint8_t { sha1, sha256, sha384, sha512 };

class Digest {
 public:
  Digest() = default;
  Digest(const Digest&) = delete;
  Digest& operator=(const Digest&) = delete;
  Digest(Digest&&) = delete;
  Digest& operator=(Digest&&) = delete;
  ~Digest();

  [[nodiscard]] std::string_view view() const {
    return {reinterpret_cast<const char*>(bytes_.data()), size_};
  }

  // unavailable when the library fails.
  base::Status hash(HashKind kind, std::string_view text);
  base::Status hmac(HashKind kind, std::string_view key, std::string_view message);

 private:
  static constexpr std::size_t kBytesMax = 64;  // SHA-512
  std::array<unsigned char, kBytesMax> bytes_{};
  std::size_t size_ = 0;
};

// Lower-case hex of SHA-256.
std::string sha256_hex(std::string_view bytes);

}  // namespace keyswap::bindings
