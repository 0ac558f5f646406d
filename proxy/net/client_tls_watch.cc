// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/client_tls_watch.h"

#include <utility>

#include "proxy/base/bounds.h"

namespace keyswap::net {

bool FailedHandshakes::add(const FailedHandshake& failed, std::int64_t steady_us) {
  Kind kind{failed.address.substr(0, failed.address.rfind(':')),
            failed.user,
            failed.host,
            failed.alert,
            failed.by};
  if (repeats_.has_room_for(kind, steady_us)) {
    return repeats_.add(std::move(kind), failed, 1, steady_us);
  }
  return repeats_.add({}, {failed.address, {}, {}, {}, "several"}, 0, steady_us);
}

ClientTlsWatch::ClientTlsWatch(uv::Loop& loop,
                               AuditLane& audit,
                               Telling& telling,
                               const base::Clock& clock)
    : audit_(&audit), telling_(&telling), clock_(&clock), window_(loop, [this] { end_window(); }) {}

ClientTlsWatch::~ClientTlsWatch() {
  for (const FailedHandshake& due : counted_.take_all()) {
    record(due);
  }
}

void ClientTlsWatch::failed(const FailedHandshake& handshake) {
  telling_->client_tls_failed(handshake.host, handshake.alert, handshake.by);
  if (counted_.empty()) {
    window_.set(base::bounds::kRepeatsWindowMs);
  }
  if (counted_.add(handshake, clock_->steady_us())) {
    record(handshake);
  }
}

void ClientTlsWatch::record(const FailedHandshake& handshake) {
  audit_->add(
      audit::ClientTlsFailedRecord{.ts_us = clock_->wall_us(),
                                   .client = {handshake.address, handshake.user, handshake.caller},
                                   .host = handshake.host,
                                   .alert = handshake.alert,
                                   .by = handshake.by,
                                   .count = handshake.count});
}

void ClientTlsWatch::end_window() {
  for (const FailedHandshake& due : counted_.take_due(clock_->steady_us())) {
    record(due);
  }
  if (!counted_.empty()) {
    window_.set(base::bounds::kRepeatsWindowMs);
  }
}

}  // namespace keyswap::net
