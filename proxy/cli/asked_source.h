// SPDX-License-Identifier: Apache-2.0
//
// A source that a command asks for several things, one after the other, by the machine that `serve`
// asks it by.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proxy/cli/run_online.h"
#include "vault/secret.h"
#include "vault/secret_name.h"
#include "vault/sources/run.h"

namespace keyswap::cli {

class AskedSource {
 public:
  // Both outlive it.
  AskedSource(Online& online, const vault::SourceSpec& spec);
  AskedSource(const AskedSource&) = delete;
  AskedSource& operator=(const AskedSource&) = delete;
  AskedSource(AskedSource&&) = delete;
  AskedSource& operator=(AskedSource&&) = delete;
  // What was got by logging in is given back, and what could not be kept is kept, as `serve` does
  // when it ends.
  ~AskedSource();

  // Whoever is down, or does not let us in, is not asked for the next key.
  vault::RunOutcome fetch(const std::vector<std::string>& keys);

  // As Backend says of them, of a kind that seals.
  vault::RunOutcome seal(const vault::SecretName& name, vault::Secret value);
  vault::RunOutcome seal_anew(const std::vector<std::string>& names);

 private:
  void log_in();
  vault::RunOutcome judged(vault::RunOutcome outcome);

  Online& online_;
  const vault::SourceSpec& spec_;
  std::unique_ptr<vault::Backend> backend_;
  std::optional<vault::Failed> given_up_;
};

}  // namespace keyswap::cli
