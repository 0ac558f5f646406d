// SPDX-License-Identifier: Apache-2.0
//
// Reports clients whose TLS handshake with us failed: in the audit log (client_tls_failed) and on
// stderr. One a loop.
#pragma once

#include "proxy/audit_lane.h"
#include "proxy/base/clock.h"
#include "proxy/failed_handshakes.h"
#include "proxy/telling.h"
#include "proxy/uv/timer.h"

namespace keyswap::proxy {

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

}  // namespace keyswap::proxy
