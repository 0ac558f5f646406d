// SPDX-License-Identifier: Apache-2.0
//
// I8: what each host received of secrets in this process, so that they are looked for in all that
// comes from it from then on: in the answers to requests that carry none, too, by whatever
// connection or loop. Secrets that other rules would send there are looked for along with them.
//
// Values that were replaced stay known (an old answer may hold them) until there are too many.
// Nothing is known of a host that received nothing, and nothing is searched then. Where there are
// too many hosts, what the one knew that was not used for longest is looked for in what comes from
// all that nothing else is known of: nobody gets a secret out by driving its host out. In locked
// memory, counted in the Holdings; searches are shared by all who use them.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "proxy/base/result.h"
#include "proxy/flow/secret_search.h"
#include "vault/holdings.h"

namespace keyswap::flow {

using SharedSearch = std::shared_ptr<const SecretSearch>;

// A search whose locked memory counts as held by `holder` as long as anybody uses it. Null: there
// is no room for it. `holdings`: outlives it; null: not counted.
SharedSearch make_held_search(vault::Holdings* holdings,
                              std::string_view holder,
                              std::span<const WantedSecret> secrets);

// Thread-safe; one for all loops.
class KnownSecrets {
 public:
  // `holdings`: outlives it and its searches; null: not counted.
  explicit KnownSecrets(vault::Holdings* holdings = nullptr) : holdings_(holdings) {}

  KnownSecrets(const KnownSecrets&) = delete;
  KnownSecrets& operator=(const KnownSecrets&) = delete;
  KnownSecrets(KnownSecrets&&) = delete;
  KnownSecrets& operator=(KnownSecrets&&) = delete;
  ~KnownSecrets() = default;

  // From now on these are known of `host`. Gives the search for all that is, and for what `kept`
  // (null: nothing) looks for besides. limit_exceeded: these are more than
  // bounds::kScrubbedSecretsMax; unavailable: no locked memory. Nothing has changed then.
  base::Result<SharedSearch> add(std::string_view host,
                                 std::span<const WantedSecret> secrets,
                                 const SharedSearch& kept = nullptr);

  // The search for what is known of `host`, and for what `kept` looks for besides (that is no one
  // else's); null: nothing is known. `kept` itself where no more can be had.
  SharedSearch find(std::string_view host, const SharedSearch& kept = nullptr);

  static constexpr std::uint64_t kNoVersion = 0;

  // Another one whenever find() may give another search. Whoever reads it, then asks, and reads the
  // same again would be given the same again.
  [[nodiscard]] std::uint64_t version() const { return version_; }

  // Are the secrets of all rules bound there to be asked for? Once for each renew(), and for each
  // learn_again(), and again when the host was forgotten.
  bool should_learn(std::string_view host, std::uint16_t port, std::int64_t now_ms);
  // One of them could not be had: they are asked for again in bounds::kSecretAskedAgainMs.
  void learn_again(std::string_view host, std::int64_t now_ms);

  // Entries may have changed: they are asked for anew. What is known stays so.
  void renew();

 private:
  struct Host {
    SharedSearch search;                             // null: nothing is known yet
    std::set<std::uint16_t> learnt;                  // ports
    std::optional<std::int64_t> learnt_again_at_ms;  // all of them
    std::uint64_t used = 0;                          // the higher, the later
  };

  // What a search shall know: the most important first.
  class Wishes;

  Host& host_of(std::string_view host);
  SharedSearch make(const std::string& host, std::span<const WantedSecret> secrets);
  [[nodiscard]] SharedSearch make_held(std::span<const WantedSecret> secrets) const;
  bool forget_one(const std::string& but);
  void keep_forgotten(const SharedSearch& search);
  [[nodiscard]] std::size_t bytes_without(const std::string& host) const;

  vault::Holdings* holdings_;
  std::atomic<bool> is_empty_ = true;  // so that who asks for nothing waits for nobody
  // Changed under the mutex, behind what it tells of.
  std::atomic<std::uint64_t> version_ = kNoVersion + 1;
  std::mutex mutex_;  // guards what follows
  std::unordered_map<std::string, Host> hosts_;
  SharedSearch forgotten_;  // of hosts that are in there no more
  std::uint64_t uses_ = 0;
};

}  // namespace keyswap::flow
