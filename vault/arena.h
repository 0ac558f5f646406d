// SPDX-License-Identifier: Apache-2.0
//
// I1: the one region of locked memory, behind LockedBytes (vault/secret.h); nobody else uses it. A
// buddy allocator: blocks of 64 bytes times a power of two, halved on demand and merged when freed,
// so that a process that runs for months does not fragment it. Its bookkeeping lies outside the
// region: a free block is all zeros, and an overrun cannot reach it. No system call after lock().
// Who may hold how much of it while they wait is counted in vault/holdings.h.
#pragma once

#include <cstddef>

#include "proxy/base/result.h"

namespace keyswap::vault::arena {

// Maps, guards and locks the region: of `wanted` bytes, or what RLIMIT_MEMLOCK allows of them (it
// binds nobody who has CAP_IPC_LOCK), of bounds::kLockedArenaBytesMin at least. Its size never
// changes: a second call locks nothing more. Idempotent; again after fork, since a child inherits
// no lock: a child to which nothing was handed out gets a region of its own.
base::Status lock(std::size_t wanted);

// The bytes of a region that is locked; 0 before.
std::size_t size();

// What `size` bytes take of the region.
std::size_t block_size(std::size_t size);

// `size` (not 0) zero bytes, or nullptr when there is no room or the region is not locked.
char* allocate(std::size_t size);
// Wipes and takes back what allocate(size) gave.
void release(char* block, std::size_t size);

// What is not handed out, in bytes.
std::size_t free_bytes();

}  // namespace keyswap::vault::arena
