// SPDX-License-Identifier: Apache-2.0
//
// The scheme `binance` on a WebSocket: messages of Binance's WebSocket API (docs/binance.md).
#pragma once

#include <memory>

#include "bindings/message_signer.h"
#include "bindings/venues/binance/settings.h"

namespace keyswap::bindings::binance {

std::unique_ptr<const MessageSigner> make_message_signer(Settings settings);

}  // namespace keyswap::bindings::binance
