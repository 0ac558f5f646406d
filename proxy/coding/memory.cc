// SPDX-License-Identifier: Apache-2.0
#include "proxy/coding/memory.h"

#include <cstdlib>
#include <cstring>

#include "proxy/base/bytes.h"

namespace keyswap::coding {

namespace {

// Its size stands before each block.
constexpr std::size_t kHeadBytes = alignof(std::max_align_t);
static_assert(kHeadBytes >= sizeof(std::size_t));

}  // namespace

void* Memory::take(std::size_t size) {
  const std::size_t left = bytes_max_ - bytes_;
  if (left < kHeadBytes || size > left - kHeadBytes) {
    return nullptr;
  }
  const std::size_t whole = size + kHeadBytes;
  if (!total_.add(whole)) {
    return nullptr;
  }
  // NOLINTNEXTLINE(cppcoreguidelines-no-malloc): C libraries take it and give it back
  auto* const block = static_cast<char*>(std::malloc(whole));
  if (block == nullptr) {
    total_.remove(whole);
    return nullptr;
  }
  bytes_ += whole;
  std::memcpy(block, &whole, sizeof whole);
  return block + kHeadBytes;
}

void Memory::give_back(void* block) {
  if (block == nullptr) {
    return;
  }
  char* const begin = static_cast<char*>(block) - kHeadBytes;
  std::size_t whole = 0;
  std::memcpy(&whole, begin, sizeof whole);
  bytes_ -= whole;
  total_.remove(whole);
  base::wipe(begin, whole);
  std::free(begin);  // NOLINT(cppcoreguidelines-no-malloc): as it was taken
}

}  // namespace keyswap::coding
