// SPDX-License-Identifier: Apache-2.0
#include "vault/arena.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <mutex>
#include <pthread.h>
#include <utility>

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"
#include "proxy/base/sanitizers.h"

// Under AddressSanitizer what is not handed out is poisoned, so that an overrun or a use after free
// of a secret is reported like one of the heap.
#ifdef KS_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#endif

namespace keyswap::vault::arena {

namespace {

using base::bounds::kLockedArenaBytesMax;
using base::bounds::kLockedArenaBytesMin;

constexpr std::size_t kLeafBytes = 64;
constexpr std::size_t kLeafCount = kLockedArenaBytesMax / kLeafBytes;
constexpr std::size_t kOrderCount = static_cast<std::size_t>(std::bit_width(kLeafCount));
constexpr std::size_t kTopOrder = kOrderCount - 1;
static_assert(std::has_single_bit(kLockedArenaBytesMax) && kLockedArenaBytesMax >= kLeafBytes);
static_assert(base::bounds::kSwappedHeadBytesMax <= kLockedArenaBytesMin / 2);

// The region is a multiple of this, and so of a page.
constexpr std::size_t kGrainBytes = std::size_t{64} * 1024;
static_assert(kLockedArenaBytesMin % kGrainBytes == 0);
// What the limit has to suffice for besides: OpenSSL's heap for keys (ca/crypto_start.cc).
constexpr std::size_t kLockedElsewhereBytes = std::size_t{1024} * 1024 + 2 * kGrainBytes;

void poison(const char* begin, std::size_t size) {
#ifdef KS_ADDRESS_SANITIZER
  ASAN_POISON_MEMORY_REGION(begin, size);
#else
  static_cast<void>(begin);
  static_cast<void>(size);
#endif
}

void unpoison(const char* begin, std::size_t size) {
#ifdef KS_ADDRESS_SANITIZER
  ASAN_UNPOISON_MEMORY_REGION(begin, size);
#else
  static_cast<void>(begin);
  static_cast<void>(size);
#endif
}

// A block of order n is 2^n leaves long and begins at a multiple of that.
std::size_t order_of_size(std::size_t size) {
  return static_cast<std::size_t>(std::bit_width((size - 1) / kLeafBytes));
}

std::size_t in_grains(std::size_t size) {
  return std::max(size / kGrainBytes * kGrainBytes, kLockedArenaBytesMin);
}

// The sizes to try, the larger one first. Past the limit only whoever has CAP_IPC_LOCK gets; in a
// container nobody knows before whether that counts. Then what the limit allows; less than the
// least is tried as the least.
std::array<std::size_t, 2> sizes_to_try(std::size_t wanted) {
  rlimit limit{};
  const std::size_t size = std::min(wanted, kLockedArenaBytesMax);
  if (::getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
    return {in_grains(size), in_grains(size)};
  }
  const std::size_t allowed =
      limit.rlim_cur < kLockedElsewhereBytes ? 0 : limit.rlim_cur - kLockedElsewhereBytes;
  const bool is_past_limit = in_grains(size) > limit.rlim_cur;
  const std::size_t fitting = in_grains(std::min(size, allowed));
  return {is_past_limit ? in_grains(size) : fitting, fitting};
}

std::size_t page_size() {
  return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

// Gives the region between two pages that cannot be touched, or an errno.
base::Result<char*> map_guarded(std::size_t size) {
  const std::size_t page = page_size();
  const std::size_t whole = size + 2 * page;
  void* mapped = ::mmap(nullptr, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) {
    return base::Error{base::Errc::unavailable, "no memory for secrets", errno};
  }
  char* region = static_cast<char*>(mapped) + page;
  if (::mprotect(region, size, PROT_READ | PROT_WRITE) != 0 ||
      ::madvise(region, size, MADV_DONTDUMP) != 0) {
    const int number = errno;
    ::munmap(mapped, whole);
    return base::Error{base::Errc::unavailable, "no memory for secrets", number};
  }
  // A child sees zeros. Kernels before 4.14 do not know it; we fork only to exec.
  static_cast<void>(::madvise(region, size, MADV_WIPEONFORK));
  return region;
}

void unmap_guarded(char* region, std::size_t size) {
  const std::size_t page = page_size();
  ::munmap(region - page, size + 2 * page);
}

// The system call itself: sanitizers replace mlock() by nothing. I13: refused, not carried on
// without.
base::Status lock_pages(const char* region, std::size_t size) {
  if (::syscall(SYS_mlock, region, size) != 0) {
    return base::Error{
        base::Errc::permission,
        "memory for secrets cannot be locked; raise the limit (ulimit -l, LimitMEMLOCK)",
        errno};
  }
  return {};
}

// Zero when constructed, so that it costs the program file nothing, and never destroyed: a Secret
// in another static object may outlive any order of destruction.
class Arena {
 public:
  base::Status lock(std::size_t wanted);
  std::size_t size();
  char* allocate(std::size_t size);
  void release(char* block, std::size_t size);
  std::size_t free_bytes();

  // The child of a fork has the mapping (zeroed) and not the lock.
  void forget_lock() { is_locked_.store(false); }

 private:
  base::Status map_and_lock(std::size_t wanted);
  void give_back();
  void carve();
  void push_free(std::size_t leaf, std::size_t order);
  void take_free(std::size_t leaf, std::size_t order);
  std::size_t merge(std::size_t leaf, std::size_t& order);

  std::mutex mutex_;
  std::atomic<bool> is_locked_{false};
  bool is_forgotten_at_fork_ = false;
  bool is_carved_ = false;  // the first free blocks are in their lists
  char* region_ = nullptr;
  std::size_t size_ = 0;
  std::size_t free_bytes_ = 0;
  std::uint32_t orders_free_ = 0;  // bit n: the list of order n has a block
  // Lists of free blocks by order. A link is the leaf's number plus one; 0 is none.
  std::array<std::uint32_t, kOrderCount> first_{};
  std::array<std::uint32_t, kLeafCount> next_{};
  std::array<std::uint32_t, kLeafCount> previous_{};
  // At a block's first leaf: its order plus one; negative when it is free. 0 elsewhere.
  std::array<std::int8_t, kLeafCount> state_{};
};

Arena& instance() {
  static Arena arena;
  return arena;
}

base::Status Arena::lock(std::size_t wanted) {
  const std::lock_guard guard(mutex_);
  if (is_locked_.load()) {
    return {};
  }
  if (is_carved_ && free_bytes_ != size_) {
    KS_TRY(lock_pages(region_, size_));  // again after fork, with what was handed out
    is_locked_.store(true);
    return {};
  }
  if (!is_forgotten_at_fork_ &&
      ::pthread_atfork(nullptr, nullptr, [] { instance().forget_lock(); }) != 0) {
    return base::Error{base::Errc::unavailable, "no memory for secrets"};
  }
  is_forgotten_at_fork_ = true;
  give_back();
  KS_TRY(map_and_lock(wanted));
  carve();
  is_carved_ = true;
  is_locked_.store(true);
  return {};
}

// A child's, of which nothing was handed out: the parent may have locked more than the child may.
void Arena::give_back() {
  if (region_ == nullptr) {
    return;
  }
  std::fill_n(state_.begin(), size_ / kLeafBytes, std::int8_t{0});
  first_.fill(0);
  orders_free_ = 0;
  free_bytes_ = 0;
  is_carved_ = false;
  unpoison(region_, size_);
  unmap_guarded(std::exchange(region_, nullptr), std::exchange(size_, 0));
}

base::Status Arena::map_and_lock(std::size_t wanted) {
  base::Status locked;
  for (const std::size_t size : sizes_to_try(wanted)) {
    const auto mapped = map_guarded(size);
    if (!mapped) {
      return mapped.error();
    }
    locked = lock_pages(*mapped, size);
    if (locked) {
      region_ = *mapped;
      size_ = size;
      return {};
    }
    unmap_guarded(*mapped, size);
  }
  return locked;
}

// The largest blocks that fit, each at a multiple of its length.
void Arena::carve() {
  poison(region_, size_);
  free_bytes_ = size_;
  const std::size_t count = size_ / kLeafBytes;
  for (std::size_t leaf = 0; leaf < count;) {
    const auto fitting = static_cast<std::size_t>(std::bit_width(count - leaf)) - 1;
    const std::size_t aligned =
        leaf == 0 ? kTopOrder : static_cast<std::size_t>(std::countr_zero(leaf));
    const std::size_t order = std::min(fitting, aligned);
    push_free(leaf, order);
    leaf += std::size_t{1} << order;
  }
}

std::size_t Arena::size() {
  const std::lock_guard guard(mutex_);
  return is_carved_ ? size_ : 0;
}

char* Arena::allocate(std::size_t size) {
  if (size == 0 || size > kLockedArenaBytesMax || !is_locked_.load()) {
    return nullptr;
  }
  const std::size_t order = order_of_size(size);
  const std::lock_guard guard(mutex_);
  const std::uint32_t large_enough = orders_free_ & (~std::uint32_t{0} << order);
  if (large_enough == 0) {
    return nullptr;
  }
  auto found = static_cast<std::size_t>(std::countr_zero(large_enough));
  const std::size_t leaf = first_[found] - 1;
  take_free(leaf, found);
  while (found > order) {
    --found;
    push_free(leaf + (std::size_t{1} << found), found);
  }
  state_[leaf] = static_cast<std::int8_t>(order + 1);
  free_bytes_ -= kLeafBytes << order;
  char* block = region_ + leaf * kLeafBytes;
  unpoison(block, size);
  return block;
}

void Arena::release(char* block, std::size_t size) {
  base::wipe(block, size);
  std::size_t order = order_of_size(size);
  const std::lock_guard guard(mutex_);
  const auto offset = static_cast<std::size_t>(block - region_);
  KS_ASSERT(block >= region_ && offset < size_ && offset % kLeafBytes == 0);
  const std::size_t leaf = offset / kLeafBytes;
  KS_ASSERT(state_[leaf] == static_cast<std::int8_t>(order + 1));
  poison(block, kLeafBytes << order);
  free_bytes_ += kLeafBytes << order;
  state_[leaf] = 0;
  const std::size_t merged = merge(leaf, order);
  push_free(merged, order);
}

std::size_t Arena::merge(std::size_t leaf, std::size_t& order) {
  while (order < kTopOrder) {
    const std::size_t buddy = leaf ^ (std::size_t{1} << order);
    if (state_[buddy] != -static_cast<std::int8_t>(order + 1)) {
      break;
    }
    take_free(buddy, order);
    leaf = leaf < buddy ? leaf : buddy;
    ++order;
  }
  return leaf;
}

std::size_t Arena::free_bytes() {
  const std::lock_guard guard(mutex_);
  return free_bytes_;
}

void Arena::push_free(std::size_t leaf, std::size_t order) {
  const std::uint32_t link = static_cast<std::uint32_t>(leaf) + 1;
  const std::uint32_t behind = first_[order];
  next_[leaf] = behind;
  previous_[leaf] = 0;
  if (behind != 0) {
    previous_[behind - 1] = link;
  }
  first_[order] = link;
  orders_free_ |= std::uint32_t{1} << order;
  state_[leaf] = static_cast<std::int8_t>(-static_cast<int>(order + 1));
}

void Arena::take_free(std::size_t leaf, std::size_t order) {
  const std::uint32_t behind = next_[leaf];
  const std::uint32_t before = previous_[leaf];
  if (behind != 0) {
    previous_[behind - 1] = before;
  }
  if (before != 0) {
    next_[before - 1] = behind;
  } else {
    first_[order] = behind;
  }
  if (first_[order] == 0) {
    orders_free_ &= ~(std::uint32_t{1} << order);
  }
  state_[leaf] = 0;
}

}  // namespace

base::Status lock(std::size_t wanted) {
  return instance().lock(wanted);
}

std::size_t size() {
  return instance().size();
}

std::size_t block_size(std::size_t size) {
  return size == 0 ? 0 : kLeafBytes << order_of_size(size);
}

char* allocate(std::size_t size) {
  return instance().allocate(size);
}

void release(char* block, std::size_t size) {
  instance().release(block, size);
}

std::size_t free_bytes() {
  return instance().free_bytes();
}

}  // namespace keyswap::vault::arena
