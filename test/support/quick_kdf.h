// SPDX-License-Identifier: Apache-2.0
//
// Argon2id at the vault's cost takes half a second and 256 MiB; a test opens vaults by the dozen.
// In executables that link quick_kdf.cc it takes a thousandth of the memory that the header names.
// That costs no test anything: the header's parameters go into the key besides (vault/seal.cc).
#pragma once

namespace keyswap::test {

// While one lives, the vault's keys are derived at their real cost: for files from elsewhere.
class RealKdf {
 public:
  RealKdf();
  ~RealKdf();
  RealKdf(const RealKdf&) = delete;
  RealKdf& operator=(const RealKdf&) = delete;
};

// Keys derived so far in this process, at whatever cost.
int derived_keys();

}  // namespace keyswap::test
