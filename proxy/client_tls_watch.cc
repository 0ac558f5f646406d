// SPDX-License-Identifier: Apache-2.0
#include "proxy/client_tls_watch.h"

#include "proxy/base/limits.h"

namespace keyswap::proxy {

ClientTlsWatch::ClientTlsWatch(uv::Loop& loop,
                               AuditLane& audit,
                               Telling& telling,
                               const base::Clock& clock)
    : audit_(&audit), telling_(&telling), clock_(&clock), window_(loop, [this] { end_window(); }) {}

ClientTlsWatch::~ClientTlsWatch() {
  for (const FailedHandshake& due : counted_.end_window()) {
    record(due);
  }
}

void ClientTlsWatch::failed(const FailedHandshake& handshake) {
  telling_->client_tls_failed(handshake.host, handshake.alert, handshake.by);
  if (counted_.empty()) {
    window_.set(base::limits::kTlsFailedWindowMs);
  }
  if (counted_.add(handshake)) {
    record(handshake);
  }
}

void ClientTlsWatch::record(const FailedHandshake& handshake) {
  audit_->add(
      audit::ClientTlsFailedRecord{.ts_us = clock_->wall_us(),
                                   .client = {handshake.address, std::nullopt, handshake.caller},
                                   .host = handshake.host,
                                   .alert = handshake.alert,
                                   .by = handshake.by,
                                   .count = handshake.count});
}

void ClientTlsWatch::end_window() {
  for (const FailedHandshake& due : counted_.end_window()) {
    record(due);
  }
  if (!counted_.empty()) {
    window_.set(base::limits::kTlsFailedWindowMs);
  }
}

}  // namespace keyswap::proxy
