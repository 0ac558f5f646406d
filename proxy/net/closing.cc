// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/closing.h"

#include "proxy/base/bounds.h"
#include "proxy/net/connection.h"

namespace keyswap::net {

void Closing::begin(Leg::Ending ending) {
  Leg& leg = connection_->leg();
  leg.finish_writing(ending);
  if (connection_->is_client_ended() && leg.pending_bytes() == 0) {
    connection_->end();
    return;
  }
  leg.release(Leg::Hold::unread_full);
  leg.release(Leg::Hold::other_side_full);
  leg.release(Leg::Hold::not_ready);
  if (leg.pending_bytes() > 0) {
    leg.set_patience(base::bounds::kWriteStallMs);
    connection_->timer().clear();  // it is drained, or breaks
  } else {
    connection_->timer().set(base::bounds::kLingerMs);
  }
}

void Closing::on_client_end(bool /*is_clean*/) {
  if (connection_->leg().pending_bytes() == 0) {
    connection_->end();
  }
}

void Closing::on_client_broken() {
  connection_->end();
}

void Closing::on_client_drained() {
  if (connection_->is_client_ended()) {
    connection_->end();
  } else {
    connection_->timer().set(base::bounds::kLingerMs);
  }
}

void Closing::on_time_out() {
  connection_->end();
}

void Closing::on_cut() {
  connection_->end();
}

}  // namespace keyswap::net
