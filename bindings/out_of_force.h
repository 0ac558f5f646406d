// SPDX-License-Identifier: Apache-2.0
//
// What notes have to do with it that a secret goes nowhere. Which do is worked out by
// bindings/note_merge.h; how it is told, by proxy/flow/reason_elsewhere.h.
#pragma once

#include <cstdint>

namespace keyswap::bindings {

enum class OutOfForce : std::uint8_t {
  no,               // nothing: it goes where its scopes say
  no_note,          // no note binds it
  invalid_note,     // its note cannot be used
  host_not_listed,  // its note names no host that notes may name
};

}  // namespace keyswap::bindings
