// SPDX-License-Identifier: Apache-2.0
//
// What stands around the connections of session_fuzz: secrets, an audit log and limits that
// answer when and as they are told, and remember what matters.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/base/clock.h"
#include "proxy/limits/limiter.h"
#include "test/fuzz/session/world.h"
#include "test/support/fake_sink.h"
#include "vault/caller_digests.h"

namespace keyswap::test {

// Stops the run: what must hold does not.
void must(bool condition, const char* what);

inline constexpr std::string_view kHeaderSecret = "hdr-SECRET-0123456789abcdef";
inline constexpr std::string_view kApiKey = "apikeySECRETapikeySECRETapikey01";
inline constexpr std::string_view kApiSecret = "signSECRETsignSECRETsignSECRET02";

inline constexpr std::string_view kTextSecret = "txt-SECRET-0123456789abcdef";
// Some clients have it themselves, and send it, also where no record shows it.
inline constexpr std::string_view kSentValue = "sent-REAL-0123456789abcdef";

// I1: none of the other secrets is in these bytes.
void must_hold_no_secret(std::string_view bytes, const char* where);

class WorldClock final : public base::Clock {
 public:
  [[nodiscard]] std::int64_t wall_us() const override { return began_us_ + steady_us(); }

  [[nodiscard]] std::int64_t steady_us() const override {
    return world == nullptr ? 0 : world->now_ms * 1000;
  }

  const World* world = nullptr;

 private:
  std::int64_t began_us_ = 1'790'000'000'000'000;
};

// No caller has a token.
class NoCallers final : public vault::CallerDigests {
 public:
  [[nodiscard]] base::Result<bool> matches_system(std::string_view name,
                                                  std::string_view value) const override;
};

// What the rules of the bindings need, by name.
std::map<std::string, std::string> all_secrets();

// The audit log: each batch waits until it is answered. By path: how many decisions to send are
// durable, and how many requests the upstreams have seen.
class ScriptedLog final : public FakeSink {
 public:
  // I6: something for this path arrived at an upstream.
  void note_sent(const std::string& path);

  [[nodiscard]] int times_sent(const std::string& path) const;

  // How the request for this path ended, of which there was one: "outcome cause", the cause only
  // if one was seen; "" while it has no end.
  [[nodiscard]] std::string end_of(const std::string& path) const;

  // Every decision that was not a refusal has its end, and only one; those of which nothing was
  // sent say so.
  void check_ends() const;

 private:
  struct Decided {
    std::string path;
    int ends = 0;
    bool is_not_sent = false;
    std::string end = {};
  };

  void came(std::string_view bodies) override;
  void keep(std::string_view bodies) override;
  void read_record(std::string_view record);

  std::map<std::string, Decided> decided_;  // by request; durable, and not refused
  std::map<std::string, int> allowed_;      // by path
  std::map<std::string, int> sent_;         // likewise
};

class ScriptedMeter final : public limits::Meter {
 public:
  [[nodiscard]] std::optional<limits::ChargeAnswer> charge(
      const std::shared_ptr<const limits::LimitTable>& table,
      const limits::ChargeRequest& request,
      const limits::ChargeTime& now,
      limits::ChargeCallback callback) override;
  void release(const limits::Ticket& ticket, limits::GiveBack what) override;
  void spend(const limits::Ticket& ticket, const limits::Spend& spent) override;

  // The oldest charge that waits. False: none does.
  bool answer(limits::ChargeOutcome outcome);

  bool answers_at_once = false;

 private:
  std::deque<limits::ChargeCallback> waiting_;
};

}  // namespace keyswap::test
