// SPDX-License-Identifier: Apache-2.0
//
// Refusals of clients that showed no token that lets them in, before any of their requests was read
// in a tunnel. Each has its record, until there are many of one client: then they are counted into
// one record a second, so that a stranger cannot fill the disk with the log of his refusals (I10).
// One for the process; thread-safe. Time is handed in.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "audit/record.h"

namespace keyswap::proxy {

struct RefusedStranger {
  std::string request_id;
  audit::Reason reason = audit::Reason::malformed_request;
  std::string address;  // of the client, with its port
  std::string caller;   // known, and not let in; "" unknown
  std::string host;
  std::uint16_t port = 0;
  std::string method;
  std::string path;
  std::string bindings_sha256;
  std::uint64_t count = 1;
};

class Strangers {
 public:
  // True: it is to be recorded by itself, and counts towards how many may be. False: it was
  // counted.
  [[nodiscard]] bool add(const RefusedStranger& refused, std::int64_t steady_us);

  // What was counted, at most once a second of each client; of each the last, with the number.
  std::vector<RefusedStranger> take_due(std::int64_t steady_us);
  // The same, however lately it was taken: at the end.
  std::vector<RefusedStranger> take_all();

 private:
  // Address without port (all loopback is one), known caller, and is it his token that he is
  // refused for?
  struct Key {
    std::string address;
    std::string caller;
    bool is_for_token = false;

    auto operator<=>(const Key&) const = default;
  };

  struct Entry {
    std::int64_t paid_until_us = 0;  // each record of its own costs a second of it
    std::int64_t due_us = 0;
    RefusedStranger counted;  // the last, and how many
  };

  Entry& entry_of(const RefusedStranger& refused, std::int64_t steady_us);
  void forget_idle(std::int64_t steady_us);

  std::mutex mutex_;
  std::map<Key, Entry> entries_;
};

// As a record of that time. The views in it are of `refused`.
audit::DecisionRecord record_of(const RefusedStranger& refused, std::int64_t wall_us);

}  // namespace keyswap::proxy
