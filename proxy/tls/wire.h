// SPDX-License-Identifier: Apache-2.0
//
// What stands where a TLS library expects a socket: ciphertext that was fed is read straight from
// the feeder's own memory, and what TLS sends is appended to an output buffer. OpenSSL's memory
// BIOs would copy both once more, and clear their whole capacity at each reset. Private to tls.
#pragma once

#include <cstddef>
#include <string_view>

#include "proxy/base/buffer.h"
#include "proxy/base/result.h"

struct bio_st;

namespace keyswap::tls {

class Wire {
 public:
  explicit Wire(std::size_t output_bytes_max);

  // The bytes stay the caller's and are read in place until they are used up, the next feed(), or
  // keep_unread(). limit_exceeded past bounds::kLegUnreadBytesMax: nothing is taken.
  base::Status feed(std::string_view ciphertext);

  // Copies what is left of the fed bytes, so that their memory may be used again.
  void keep_unread();

  [[nodiscard]] bool has_unread() const { return !kept_.empty() || !fed_.empty(); }

  // Moves up to `capacity` unread bytes out, the oldest first; gives how many.
  std::size_t take(char* out, std::size_t capacity);

  // False, and remembered, when the bound is passed.
  bool send(std::string_view ciphertext);

  [[nodiscard]] bool has_overflowed() const { return has_overflowed_; }

  base::Buffer& output() { return output_; }

 private:
  base::Buffer kept_;  // older than what is in fed_
  std::string_view fed_;
  base::Buffer output_;
  bool has_overflowed_ = false;
};

// A BIO for both directions; `wire` outlives it and does not move. Null when OpenSSL fails.
bio_st* new_bio(Wire* wire);

}  // namespace keyswap::tls
