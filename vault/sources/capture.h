// SPDX-License-Identifier: Apache-2.0
//
// Values that came in an upstream's answer, on their way into the vault of this machine: a run of
// the engine's (vault/sources/run.h). Each is durable, and so is its record, before the run ends
// with Done; whoever waits for it passes the answer on then (I6, I13). One that cannot be kept does
// not keep the others from it: their upstream has given them out, and will not do so again.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "vault/secret.h"
#include "vault/secret_name.h"
#include "vault/source_table.h"
#include "vault/sources/run.h"

namespace keyswap::vault {

// What records say where they name a source and its kind.
inline constexpr std::string_view kCaptureKind = "capture";

struct CapturedEntry {
  SecretName name;
  Secret value;
  // Seconds since 1970; nothing: it is not known to end. Kept before the value (captured_end.h), so
  // that nobody uses that without knowing its end.
  std::optional<std::int64_t> expires_at = std::nullopt;
};

// By which the engine runs it.
SourceSpec capture_spec();

// Of at least one entry, each of another name. An entry that is there is replaced, whatever its
// version; one that is a private key is not.
std::unique_ptr<Run> capture_run(std::vector<CapturedEntry> entries);

}  // namespace keyswap::vault
