// SPDX-License-Identifier: Apache-2.0
//
// Runs of sources (vault/sources/run.h) by a command, outside of `serve`: through the same engine,
// so with the same address guard (I12), verified TLS (I4), rules for files and programs, locks of
// entries and durable writes. Where it may call, the bindings say, and they have to be approved
// (I17): what a source is opened with does not go where a file leads that somebody changed.
//
// What a run records is durable before it goes on (I6), though the log may be a running proxy's:
// the vault keeps the records until they stand there (proxy/cli/kept_records.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "bindings/binding.h"
#include "proxy/base/clock.h"
#include "proxy/cli/failure.h"
#include "proxy/cli/home.h"
#include "proxy/cli/options.h"
#include "vault/source_table.h"
#include "vault/sources/cache.h"
#include "vault/sources/run.h"
#include "vault/vault.h"

namespace keyswap::cli {

struct OnlineOptions {
  std::string home;  // --home
  UnlockOptions unlock;
  std::string bindings;  // the file; "": the one that is served, else the home's
};

// Used by one thread, the command's.
class Online {
 public:
  // Opens in the order of `serve`: locked memory, TLS, the bindings, the process for programs, the
  // vault, threads. Errors and warnings of the bindings are said on stderr. `no`: the file is not
  // approved.
  static Outcome<std::unique_ptr<Online>> open(const OnlineOptions& options);
  Online(const Online&) = delete;
  Online& operator=(const Online&) = delete;
  Online(Online&&) = delete;
  Online& operator=(Online&&) = delete;
  ~Online();  // as close(), but that nobody is told

  [[nodiscard]] const Home& home() const;
  // The bindings that count, and the file that they stand in.
  [[nodiscard]] const std::string& file() const;
  [[nodiscard]] const bindings::Bindings& bindings() const;
  [[nodiscard]] vault::Vault& vault();
  [[nodiscard]] const base::Clock& clock() const;

  // Carries out one run and returns once it has ended: after `wait_ms` at most, and what is being
  // kept by then (outcome "timed_out"). `spec`, which need not stand in the bindings, says what the
  // records name, which addresses are allowed, and what a program is. Nothing else runs meanwhile,
  // so between runs the command may ask a Backend for the next one.
  vault::RunOutcome run(const vault::SourceSpec& spec,
                        std::unique_ptr<vault::Run> run,
                        std::int64_t wait_ms);

  // Ends the threads, and sees to it that what was recorded stands in the log. A failure where it
  // does not yet; the vault keeps it then for the next `serve`. Nothing runs any more. Idempotent.
  Problem close();

 private:
  struct State;
  explicit Online(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace keyswap::cli
