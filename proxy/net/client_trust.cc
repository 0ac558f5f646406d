// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/client_trust.h"

namespace keyswap::net {

void ClientTrust::failed(std::string_view alert, audit::AlertBy by) {
  if (ClientTlsWatch* const watch = std::exchange(watch_, nullptr)) {
    who_.alert = alert;
    who_.by = by;
    watch->failed(who_);
  }
}

void ClientTrust::broke(Leg& leg) {
  if (!leg.has_tls() || !leg.engine().has_failed()) {
    failed("reset", audit::AlertBy::nobody);
  } else if (const auto alert = leg.engine().alert()) {
    failed(
        alert->name,
        alert->from == tls::Alert::From::peer ? audit::AlertBy::client : audit::AlertBy::keyswap);
  } else {
    failed("not_tls", audit::AlertBy::nobody);
  }
}

}  // namespace keyswap::net
