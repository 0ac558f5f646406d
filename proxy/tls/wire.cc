// SPDX-License-Identifier: Apache-2.0
#include "proxy/tls/wire.h"

#include <algorithm>
#include <cstring>

#include <openssl/bio.h>

#include "proxy/base/assert.h"
#include "proxy/base/bounds.h"

namespace keyswap::tls {

namespace {

using base::bounds::kLegUnreadBytesMax;

int read_from_wire(BIO* bio, char* out, std::size_t capacity, std::size_t* taken) noexcept {
  BIO_clear_retry_flags(bio);
  *taken = static_cast<Wire*>(BIO_get_data(bio))->take(out, capacity);
  if (*taken == 0) {
    BIO_set_retry_read(bio);  // the end of the stream is the owner's to know, never ours
    return 0;
  }
  return 1;
}

int write_to_wire(BIO* bio, const char* bytes, std::size_t size, std::size_t* written) noexcept {
  BIO_clear_retry_flags(bio);
  const bool is_sent = static_cast<Wire*>(BIO_get_data(bio))->send({bytes, size});
  *written = is_sent ? size : 0;
  return is_sent ? 1 : 0;
}

long control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) noexcept {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

int start_bio(BIO* bio) noexcept {
  BIO_set_init(bio, 1);
  return 1;
}

BIO_METHOD* make_method() {
  BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "keyswap wire");
  if (method == nullptr || BIO_meth_set_read_ex(method, read_from_wire) != 1 ||
      BIO_meth_set_write_ex(method, write_to_wire) != 1 ||
      BIO_meth_set_ctrl(method, control) != 1 || BIO_meth_set_create(method, start_bio) != 1) {
    BIO_meth_free(method);
    return nullptr;
  }
  return method;
}

}  // namespace

Wire::Wire(std::size_t output_bytes_max) : kept_(kLegUnreadBytesMax), output_(output_bytes_max) {}

base::Status Wire::feed(std::string_view ciphertext) {
  if (ciphertext.size() > kLegUnreadBytesMax ||
      kept_.size() + fed_.size() > kLegUnreadBytesMax - ciphertext.size()) {
    return base::Error{base::Errc::limit_exceeded, "too much ciphertext waits to be read"};
  }
  keep_unread();
  fed_ = ciphertext;
  return {};
}

void Wire::keep_unread() {
  if (fed_.empty()) {
    return;
  }
  const bool is_kept = kept_.append(fed_);
  KS_ASSERT(is_kept);  // feed() has judged the sum
  fed_ = {};
}

std::size_t Wire::take(char* out, std::size_t capacity) {
  if (!kept_.empty()) {
    const std::size_t count = std::min(capacity, kept_.size());
    std::memcpy(out, kept_.view().data(), count);
    kept_.consume(count);
    if (kept_.empty()) {
      kept_.release();
    }
    return count;
  }
  const std::size_t count = std::min(capacity, fed_.size());
  if (count > 0) {
    std::memcpy(out, fed_.data(), count);
    fed_.remove_prefix(count);
  }
  return count;
}

bool Wire::send(std::string_view ciphertext) {
  const bool is_sent = output_.append(ciphertext);
  has_overflowed_ = has_overflowed_ || !is_sent;
  return is_sent;
}

bio_st* new_bio(Wire* wire) {
  static const BIO_METHOD* const method =
      make_method();  // one for the process, as OpenSSL wants it
  BIO* bio = method == nullptr ? nullptr : BIO_new(method);
  if (bio != nullptr) {
    BIO_set_data(bio, wire);
  }
  return bio;
}

}  // namespace keyswap::tls
