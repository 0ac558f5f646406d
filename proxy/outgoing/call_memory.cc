// SPDX-License-Identifier: Apache-2.0
#include "proxy/outgoing/call_memory.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <curl/curl.h>
#include <memory>
#include <new>
#include <utility>

#include "proxy/tls/context.h"
#include "vault/secret.h"

namespace keyswap::outgoing {

namespace {

using vault::LockedBytes;

// Each block begins with the handle of itself, and what libcurl gets stands behind that.
constexpr std::size_t kHandleBytes = alignof(std::max_align_t);
static_assert(sizeof(LockedBytes) <= kHandleBytes && alignof(LockedBytes) <= kHandleBytes);

LockedBytes* handle_before(void* block) {
  return std::launder(reinterpret_cast<LockedBytes*>(static_cast<char*>(block) - kHandleBytes));
}

void* allocate(std::size_t size) noexcept {
  if (size > SIZE_MAX - kHandleBytes) {
    return nullptr;
  }
  auto bytes = LockedBytes::of_size(kHandleBytes + std::max<std::size_t>(size, 1));
  if (!bytes) {
    return nullptr;
  }
  char* const begin = bytes->data();
  std::construct_at(reinterpret_cast<LockedBytes*>(begin), std::move(*bytes));
  return begin + kHandleBytes;
}

// The handle is taken out of the block first: it wipes the bytes that it stood in.
void release(void* block) noexcept {
  if (block != nullptr) {
    const LockedBytes bytes = std::move(*handle_before(block));
  }
}

void* reallocate(void* block, std::size_t size) noexcept {
  if (block == nullptr) {
    return allocate(size);
  }
  void* const larger = allocate(size);
  if (larger != nullptr) {
    const std::size_t before = handle_before(block)->size() - kHandleBytes;
    std::memcpy(larger, block, std::min(before, size));
    release(block);
  }
  return larger;
}

char* duplicate(const char* text) noexcept {
  const std::size_t size = std::strlen(text) + 1;
  void* const copy = allocate(size);
  return copy == nullptr ? nullptr : static_cast<char*>(std::memcpy(copy, text, size));
}

// Locked bytes are zero when they are handed out.
void* allocate_zeroed(std::size_t count, std::size_t size) noexcept {
  return size != 0 && count > SIZE_MAX / size ? nullptr : allocate(count * size);
}

}  // namespace

base::Status start_call_memory() {
  // Whoever starts OpenSSL first decides whether a configuration file is read: not libcurl.
  KS_TRY(tls::start_library());
  KS_TRY(vault::lock_memory());
  const CURLcode started = ::curl_global_init_mem(
      CURL_GLOBAL_DEFAULT, allocate, release, reallocate, duplicate, allocate_zeroed);
  if (started != CURLE_OK) {
    return base::Error{
        base::Errc::unavailable, "the library for calls of ours does not start", started};
  }
  return {};
}

}  // namespace keyswap::outgoing
