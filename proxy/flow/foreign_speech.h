// SPDX-License-Identifier: Apache-2.0
//
// Clients that take the listener for another kind of proxy: for one that is spoken to in TLS
// (https://), or for SOCKS. They are known by their first byte, which cannot begin a request, and
// are told what to set instead. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "proxy/base/cause.h"

namespace keyswap::flow {

enum class ForeignSpeech : std::uint8_t { none, tls, socks4, socks5 };

// What begins so, behind empty lines. `bytes`: that were refused as no request.
ForeignSpeech find_foreign_speech(std::string_view bytes);

// How its refusal names it; Cause::none for none.
base::Cause cause_of(ForeignSpeech speech);

// What says no in its own way, to be sent before anything else; "" nothing. To a client that wants
// TLS it is nothing: what its library makes of plain HTTP ("wrong version number") says more than
// any alert.
std::string_view parting_words(ForeignSpeech speech);

}  // namespace keyswap::flow
