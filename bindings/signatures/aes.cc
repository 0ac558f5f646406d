// SPDX-License-Identifier: Apache-2.0
#include "bindings/signatures/aes.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include <openssl/evp.h>

#include "bindings/digest.h"
#include "proxy/base/bytes.h"

namespace keyswap::bindings::aes {

namespace {

struct Free {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

using Context = std::unique_ptr<EVP_CIPHER_CTX, Free>;

base::Error failed() {
  return {base::Errc::unavailable, "the cipher failed"};
}

base::Error is_none() {
  return {base::Errc::invalid_input, "this was not sealed so, or not with this key"};
}

// OpenSSL counts in ints.
bool fits(std::string_view text) {
  return text.size() < static_cast<std::size_t>(std::numeric_limits<int>::max()) - kBlockBytes;
}

bool decrypt(EVP_CIPHER_CTX* context, char* out, std::string_view sealed, int& size) {
  return EVP_DecryptUpdate(context,
                           base::as_unsigned(out),
                           &size,
                           base::as_unsigned(sealed),
                           static_cast<int>(sealed.size())) == 1;
}

bool add_associated(EVP_CIPHER_CTX* context, std::string_view associated) {
  int ignored = 0;
  return associated.empty() || EVP_CipherUpdate(context,
                                                nullptr,
                                                &ignored,
                                                base::as_unsigned(associated),
                                                static_cast<int>(associated.size())) == 1;
}

}  // namespace

base::Result<vault::Secret> open_cbc(std::string_view key,
                                     std::string_view iv,
                                     std::string_view sealed) {
  if (key.size() != kKeyBytes || iv.size() != kBlockBytes || sealed.empty() || !fits(sealed) ||
      sealed.size() % kBlockBytes != 0) {
    return is_none();
  }
  const Context context(EVP_CIPHER_CTX_new());
  auto room = vault::LockedBytes::of_size(sealed.size() + kBlockBytes);
  if (!room) {
    return room.error();
  }
  if (context == nullptr || EVP_DecryptInit_ex(context.get(),
                                               EVP_aes_256_cbc(),
                                               nullptr,
                                               base::as_unsigned(key),
                                               base::as_unsigned(iv)) != 1) {
    return failed();
  }
  int size = 0;
  int last = 0;
  if (!decrypt(context.get(), room->data(), sealed, size) ||
      EVP_DecryptFinal_ex(context.get(), base::as_unsigned(room->data() + size), &last) != 1) {
    return is_none();
  }
  return vault::Secret::adopt(std::move(*room), static_cast<std::size_t>(size + last));
}

base::Result<vault::Secret> open_gcm(std::string_view key, const GcmText& text) {
  if (key.size() != kKeyBytes || text.nonce.size() != kNonceBytes || text.tag.size() != kTagBytes ||
      !fits(text.sealed) || !fits(text.associated)) {
    return is_none();
  }
  const Context context(EVP_CIPHER_CTX_new());
  auto room = vault::LockedBytes::of_size(text.sealed.size() + kBlockBytes);
  if (!room) {
    return room.error();
  }
  std::string tag(text.tag);
  if (context == nullptr ||
      EVP_DecryptInit_ex(context.get(),
                         EVP_aes_256_gcm(),
                         nullptr,
                         base::as_unsigned(key),
                         base::as_unsigned(text.nonce)) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) != 1) {
    return failed();
  }
  int size = 0;
  int last = 0;
  if (!add_associated(context.get(), text.associated) ||
      !decrypt(context.get(), room->data(), text.sealed, size) ||
      EVP_DecryptFinal_ex(context.get(), base::as_unsigned(room->data() + size), &last) != 1) {
    return is_none();
  }
  return vault::Secret::adopt(std::move(*room), static_cast<std::size_t>(size + last));
}

base::Result<std::string> seal_gcm(std::string_view key,
                                   std::string_view nonce,
                                   std::string_view plain,
                                   std::string_view associated) {
  if (key.size() != kKeyBytes || nonce.size() != kNonceBytes || !fits(plain) || !fits(associated)) {
    return base::Error{base::Errc::invalid_input, "a key or a nonce of the wrong length"};
  }
  const Context context(EVP_CIPHER_CTX_new());
  std::string sealed(plain.size() + kTagBytes, '\0');
  int size = 0;
  int last = 0;
  if (context == nullptr ||
      EVP_EncryptInit_ex(context.get(),
                         EVP_aes_256_gcm(),
                         nullptr,
                         base::as_unsigned(key),
                         base::as_unsigned(nonce)) != 1 ||
      !add_associated(context.get(), associated) ||
      EVP_EncryptUpdate(context.get(),
                        base::as_unsigned(sealed.data()),
                        &size,
                        base::as_unsigned(plain),
                        static_cast<int>(plain.size())) != 1 ||
      EVP_EncryptFinal_ex(context.get(), base::as_unsigned(sealed.data() + size), &last) != 1 ||
      EVP_CIPHER_CTX_ctrl(
          context.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes, sealed.data() + plain.size()) != 1) {
    return failed();
  }
  return sealed;
}

base::Result<vault::Secret> expand(std::string_view prk, std::string_view info, std::size_t size) {
  constexpr std::size_t kBlocksMax = 255;
  auto room = vault::LockedBytes::of_size(size);
  if (!room) {
    return room.error();
  }
  std::string_view last;
  for (std::size_t block = 1, at = 0; at < size; ++block) {
    if (block > kBlocksMax) {
      return base::Error{base::Errc::invalid_input, "more than one key can be expanded to"};
    }
    Hmac hmac;
    Digest digest;
    const char counter = static_cast<char>(block);
    KS_TRY(hmac.begin(HashKind::sha256, prk));
    KS_TRY(hmac.add(last));
    KS_TRY(hmac.add(info));
    KS_TRY(hmac.add({&counter, 1}));
    KS_TRY(hmac.finish(digest));
    const std::string_view made = digest.view().substr(0, size - at);
    last = {std::copy(made.begin(), made.end(), room->data() + at) - made.size(), made.size()};
    at += made.size();
  }
  return vault::Secret::adopt(std::move(*room), size);
}

}  // namespace keyswap::bindings::aes
