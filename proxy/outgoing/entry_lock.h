// SPDX-License-Identifier: Apache-2.0
//
// One owner of an entry at a time, over all processes of a home: a run that is to change what it
// reads (a refresh token, which is good once) has it first. It is a lock on a part of a file, which
// the kernel takes back from whoever ends; each lock is an open file of its own, so that two runs
// of one process keep apart, too. Never waited for: whoever does not get it asks again.
#pragma once

#include <cstdint>
#include <string>

#include "proxy/base/result.h"
#include "vault/secret_name.h"

namespace keyswap::outgoing {

class EntryLock {
 public:
  // Opens the file, or makes it (mode 0600). io (number = errno).
  static base::Result<EntryLock> of(const std::string& file, const vault::SecretName& name);
  EntryLock(const EntryLock&) = delete;
  EntryLock& operator=(const EntryLock&) = delete;
  EntryLock(EntryLock&& other) noexcept;
  EntryLock& operator=(EntryLock&& other) noexcept;
  ~EntryLock();  // gives it back

  // `locked`: somebody else has it now. io (number = errno).
  base::Status take();

 private:
  EntryLock(int descriptor, std::int64_t place) : descriptor_(descriptor), place_(place) {}

  int descriptor_ = -1;
  std::int64_t place_ = 0;  // of the byte in the file that stands for the entry
};

}  // namespace keyswap::outgoing
