// SPDX-License-Identifier: Apache-2.0
//
// Where requests get secrets from: what the event loops may ask, and all of it. A source is asked
// and answers at once, or later: one that is slow holds up nobody but the request that needs it.
// Sources are files in vault/sources/, one a kind; which name comes from which is said by the
// policy (vault/source_table.h, I14). What keyswap itself keeps is in none of them
// (vault/caller_digests.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/base/result.h"
#include "vault/secret.h"
#include "vault/secret_name.h"
#include "vault/source_table.h"

namespace keyswap::vault {

// What may become of an entry. A text goes into messages; a private key only signs them.
enum class EntryKind : std::uint8_t { text, private_key };

// What is asked for.
struct Wanted {
  const SecretName& name;  // need not outlive the call
  EntryKind kind = EntryKind::text;
  std::int64_t now_s = 0;        // since 1970: when it is used
  std::int64_t deadline_us = 0;  // steady clock: an answer after that is of use to nobody
  // Of the policy that the request is judged by (I14); null: all is in the vault of this machine.
  std::shared_ptr<const SourceTable> table = nullptr;
  bool is_only_known = false;  // what is not there at once is not fetched: `not_found`
};

struct Fetched {
  Secret value;
  std::string version;                     // another value has another; not to be read otherwise
  std::optional<std::int64_t> expires_at;  // seconds since 1970; nothing: when it is changed
  bool is_stale = false;  // its source is down, and the bindings allow the value of before
  // So often its source was emptied before; parts of one credential are of one generation.
  std::uint64_t generation = 0;
  // The value at its source that it is a field of, and the source's answer that brought it: fields
  // of one value belong together, and only those of one answer do.
  std::string field_of = {};
  std::uint64_t answer = 0;
};

using FetchAnswer = base::Result<Fetched>;
using FetchCallback = std::function<void(FetchAnswer)>;

class Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  Source(Source&&) = delete;
  Source& operator=(Source&&) = delete;
  virtual ~Source() = default;

  // The value, in locked memory; while somebody holds it, others get handles to the same bytes.
  // Gives the answer when it is known at once; else nothing, and `callback` gets it, once at most,
  // maybe on another thread. not_found, corrupt, timed_out, unavailable (arena full); invalid_input
  // when the entry is of the other kind: a private key is never handed out as text. Of a source
  // elsewhere also network: it is down, and number is after how many seconds it is asked again;
  // and wrong_passphrase: it takes what it is opened with no more. Thread-safe.
  [[nodiscard]] virtual std::optional<FetchAnswer> fetch(const Wanted& wanted,
                                                         FetchCallback callback) = 0;

  // Who a value of that version was sent to did not take it: a source elsewhere that gave it may
  // have a better one, and is asked for it with the next request that needs it. `wanted` as it was
  // asked for. What is in the vault of this machine stays as it is. Thread-safe.
  virtual void refused(const Wanted& /*wanted*/, std::string_view /*version*/) {}

  // No callback is called any more once it has returned.
  virtual void stop() = 0;
};

}  // namespace keyswap::vault
