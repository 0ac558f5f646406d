// SPDX-License-Identifier: Apache-2.0
//
// Reports clients whose TLS handshake with us failed: in the audit log (client_tls_failed) and on
// stderr. A flood of them is counted (proxy/net/repeats.h): the first of a kind is recorded at
// once, past bounds::kTlsFailedKindsMax kinds all others share one. One a loop.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "audit/record.h"
#include "proxy/base/clock.h"
#include "proxy/net/audit_lane.h"
#include "proxy/net/repeats.h"
#include "proxy/net/telling.h"
#include "proxy/uv/timer.h"

namespace keyswap::net {

struct FailedHandshake {
  std::string address;                // of the client, with its port
  std::optional<std::uint32_t> user;  // of this machine, if it is known
  std::string caller;                 // "" unknown
  std::string host;
  std::string_view alert;  // a constant
  audit::AlertBy by = audit::AlertBy::nobody;
  std::uint64_t count = 1;
};

// Them counted. Pure.
class FailedHandshakes {
 public:
  // True: it is to be recorded now; else it was counted.
  [[nodiscard]] bool add(const FailedHandshake& failed, std::int64_t steady_us);

  std::vector<FailedHandshake> take_due(std::int64_t steady_us) {
    return repeats_.take_due(steady_us);
  }

  std::vector<FailedHandshake> take_all() { return repeats_.take_all(); }

  [[nodiscard]] bool empty() const { return repeats_.empty(); }

 private:
  struct Kind {
    std::string address;  // without port
    std::optional<std::uint32_t> user;
    std::string host;
    std::string_view alert;
    audit::AlertBy by = audit::AlertBy::nobody;

    auto operator<=>(const Kind&) const = default;
  };

  Repeats<Kind, FailedHandshake> repeats_{base::bounds::kTlsFailedKindsMax};
};

class ClientTlsWatch {
 public:
  // All outlive this.
  ClientTlsWatch(uv::Loop& loop, AuditLane& audit, Telling& telling, const base::Clock& clock);
  ClientTlsWatch(const ClientTlsWatch&) = delete;
  ClientTlsWatch& operator=(const ClientTlsWatch&) = delete;
  ClientTlsWatch(ClientTlsWatch&&) = delete;
  ClientTlsWatch& operator=(ClientTlsWatch&&) = delete;
  ~ClientTlsWatch();  // records what was counted last

  void failed(const FailedHandshake& handshake);

 private:
  void record(const FailedHandshake& handshake);
  void end_window();

  AuditLane* audit_;
  Telling* telling_;
  const base::Clock* clock_;
  FailedHandshakes counted_;
  uv::Timer window_;
};

}  // namespace keyswap::net
