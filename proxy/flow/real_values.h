// SPDX-License-Identifier: Apache-2.0
//
// The real values of secrets that this process has opened, whatever host they are for: they are
// looked for in what clients send, which is to hold placeholders (proxy/flow/real_sighting.h), and
// no record shows one. Apart from what hosts received (proxy/flow/known_secrets.h): nothing is
// looked for in answers because of these.
//
// What a host's rules need is asked for with the first request that goes there, and again when
// entries may have changed. Nothing is fetched for a request but that. In locked memory, counted in
// the Holdings; past the bounds the ones that came first stay.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>

#include "proxy/flow/known_secrets.h"
#include "proxy/flow/secret_search.h"
#include "vault/holdings.h"

namespace keyswap::flow {

// Thread-safe; one for all loops.
class RealValues {
 public:
  // `holdings`: outlives it and its searches; null: not counted.
  explicit RealValues(vault::Holdings* holdings = nullptr) : holdings_(holdings) {}

  RealValues(const RealValues&) = delete;
  RealValues& operator=(const RealValues&) = delete;
  RealValues(RealValues&&) = delete;
  RealValues& operator=(RealValues&&) = delete;
  ~RealValues() = default;

  // The search for all that are known; <NAME> is the placeholder of each. Null: none is, which
  // costs nothing to know.
  [[nodiscard]] SharedSearch search() const;

  // As many of these as there is room for; their placeholders do not count. Of one entry the newest
  // few values stay.
  void add(std::span<const WantedSecret> values);

  // Are the entries that rules bound there need to be asked for? Once for each renew(), and for
  // each ask_again(); once more where there were too many hosts.
  bool should_learn(std::string_view host, std::uint16_t port, std::int64_t now_ms);
  // Is that entry? Once for each renew(), and for each ask_again().
  bool should_ask(const std::string& entry);
  // That entry could not be had: it is asked for again in bounds::kSecretAskedAgainMs.
  void ask_again(const std::string& entry, std::int64_t now_ms);

  // Entries may have changed: they are asked for anew. What is known stays so.
  void renew();

 private:
  [[nodiscard]] bool knows(const WantedSecret& value) const;

  vault::Holdings* holdings_;
  std::atomic<bool> is_empty_ = true;  // so that who asks for nothing waits for nobody
  mutable std::mutex mutex_;           // guards what follows
  SharedSearch search_;
  std::map<std::string, std::set<std::uint16_t>, std::less<>> hosts_;  // learnt, and their ports
  std::unordered_set<std::string> asked_;                              // entries
  std::unordered_set<std::string> missing_;                            // of those: could not be had
  std::optional<std::int64_t> ask_again_at_ms_;                        // for them
};

}  // namespace keyswap::flow
