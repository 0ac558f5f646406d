// SPDX-License-Identifier: Apache-2.0
//
// Who is logged in: sessions in memory, which end with the process, after bounds::kManageSessionMs,
// and when they are not used for bounds::kManageIdleMs. A token is given out once; what is kept is
// its SHA-256. Thread-safe.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/clock.h"

namespace keyswap::manage {

// What a session may do, the most last: each may what those before it may.
enum class Scope : std::uint8_t { none, view, approve, admin };

std::string_view to_string(Scope scope);
std::optional<Scope> parse_scope(std::string_view word);  // not of `none`

// Whoever comes over the Unix socket of the user that this process runs as.
inline constexpr std::string_view kOwnerSession = "socket";

struct Session {
  std::string id;  // no secret: it names the session in records
  Scope scope = Scope::none;
  std::int64_t begun_s = 0;    // seconds since 1970
  std::int64_t expires_s = 0;  // likewise
};

struct NewSession {
  std::string token;  // "fn_sess_" and 64 hex digits
  Session session;
};

class Sessions {
 public:
  // It outlives this.
  explicit Sessions(const base::Clock& clock) : clock_(&clock) {}

  // Past bounds::kManageSessionsMax the oldest ends.
  NewSession begin(Scope scope);
  // Whose token it is; using it keeps it from being idle.
  std::optional<Session> find(std::string_view token);
  // Does it go on? Asking is no use of it, so that who only looks on is idle.
  [[nodiscard]] bool is_there(std::string_view id);
  // False: it was none.
  bool end(std::string_view token);
  // By its id, from another one.
  bool end_named(std::string_view id);
  void end_all();
  [[nodiscard]] std::vector<Session> all();

 private:
  struct Kept {
    Session session;
    std::string digest;
    std::int64_t begun_us = 0;  // steady clock
    std::int64_t used_us = 0;
  };

  void drop_ended();
  std::vector<Kept>::iterator place_of(std::string_view token);

  const base::Clock* clock_;
  std::mutex mutex_;
  std::vector<Kept> kept_;  // guarded by mutex_; in the order of their begin
};

}  // namespace keyswap::manage
