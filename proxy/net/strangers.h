// SPDX-License-Identifier: Apache-2.0
//
// Refusals of clients that showed no token that lets them in, before any of their requests was read
// in a tunnel. Each has its record, until there are many of one client: then they are counted
// (proxy/net/repeats.h). And the places that connections of such clients take: few of all, so that
// whoever may come without a token finds one. One for the process; thread-safe. Time is handed in.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "audit/record.h"
#include "proxy/base/bounds.h"
#include "proxy/net/repeats.h"

namespace keyswap::net {

struct RefusedStranger {
  std::string request_id;
  audit::Reason reason = audit::Reason::malformed_request;
  std::string address;                // of the client, with its port
  std::optional<std::uint32_t> user;  // of this machine, if it is known
  std::string caller;                 // known, and not let in; "" unknown
  std::string host;
  std::uint16_t port = 0;
  std::string method;
  std::string path;
  std::string bindings_sha256;
  std::uint64_t count = 1;
};

class Strangers;

struct LeavePlace {
  void operator()(Strangers* strangers) const;
};

// Given back when it goes; null: none was needed, or there was none.
using StrangerPlace = std::unique_ptr<Strangers, LeavePlace>;

class Strangers {
 public:
  // How many places there are; before the first is taken. As many as you like, if nobody says.
  void set_places(std::size_t places) { places_ = places; }

  // A place, if one is free. This outlives it.
  StrangerPlace take_place();

  // True: it is to be recorded by itself, and counts towards how many may be. False: it was
  // counted.
  [[nodiscard]] bool add(const RefusedStranger& refused, std::int64_t steady_us);

  // What was counted, at most once a second of each client; of each the last, with the number.
  std::vector<RefusedStranger> take_due(std::int64_t steady_us);
  // The same, however lately it was taken: at the end.
  std::vector<RefusedStranger> take_all();

 private:
  // Address without port (all loopback is one), known user and caller, and is it his token that he
  // is refused for?
  struct Kind {
    std::string address;
    std::optional<std::uint32_t> user;
    std::string caller;
    bool is_for_token = false;

    auto operator<=>(const Kind&) const = default;
  };

  friend struct LeavePlace;

  std::size_t places_ = std::numeric_limits<std::size_t>::max();
  std::atomic<std::size_t> taken_ = 0;
  std::mutex mutex_;
  Repeats<Kind, RefusedStranger> repeats_{base::bounds::kStrangersMax};
};

// As a record of that time. The views in it are of `refused`.
audit::DecisionRecord record_of(const RefusedStranger& refused, std::int64_t wall_us);

}  // namespace keyswap::net
