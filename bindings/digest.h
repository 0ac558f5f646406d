// SPDX-License-Identifier: Apache-2.0
//
// Hashes and HMAC over views, for template helpers and signers; the result is wiped when it goes.
// (The state that OpenSSL keeps while it computes is on the ordinary heap, and freed wiped.)
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/base/bytes.h"
#include "proxy/base/result.h"

struct evp_md_ctx_st;
struct hmac_ctx_st;

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
  friend class Hasher;
  friend class Hmac;
  static constexpr std::size_t kBytesMax = 64;  // SHA-512
  std::array<unsigned char, kBytesMax> bytes_{};
  std::size_t size_ = 0;
};

// HMAC (RFC 2104) over a message that comes in pieces, so that it need not be put together: a part
// of it can be a secret, another a body of a megabyte. begin, add as often as needed, finish; each
// is unavailable when the library fails.
class Hmac {
 public:
  base::Status begin(HashKind kind, std::string_view key);
  base::Status add(std::string_view piece);
  base::Status finish(Digest& out);

 private:
  struct Free {
    void operator()(hmac_ctx_st* context) const;
  };

  std::unique_ptr<hmac_ctx_st, Free> context_;
};

// A hash over a message that comes in pieces, for the same reasons; an encoder can write into it.
class Hasher final : public base::ByteSink {
 public:
  base::Status begin(HashKind kind);
  // False when the library fails.
  [[nodiscard]] bool append(std::string_view piece) override;
  base::Status finish(Digest& out);

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };

  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

// Lower-case hex of SHA-256.
std::string sha256_hex(std::string_view bytes);

}  // namespace keyswap::bindings
