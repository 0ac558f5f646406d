// SPDX-License-Identifier: Apache-2.0
//
// The scheme `binance` on a WebSocket: messages of Binance's WebSocket API (docs/binance.md).
#pragma once

#include <memory>

#include "bindings/message_signer.h"
#include "bindings/schemes/binance_settings.h"

namespace keyswap::bindings {

std::unique_ptr<const MessageSigner> make_binance_messages(BinanceSettings settings);

}  // namespace keyswap::bindings
