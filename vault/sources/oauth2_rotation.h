// SPDX-License-Identifier: Apache-2.0
//
// An access token of a refresh token (RFC 6749 section 6) that its server may exchange for another
// one each time. The old one is dead with the answer, and the new one exists nowhere but in that:
// so it is in the vault, durably, before the access token is used (I13), and one process at a time
// asks. What cannot be written is kept in locked memory and written with the next run, or when the
// source goes; nothing is asked for meanwhile. It outlives its source: another one of the same
// entry, as a reload makes it, writes it before it asks. Who is killed between the call and the
// write may lose it: the record "pending" is there before the call is made, so the log shows that.
//
//   lock → the refresh token → what others have got of it → who we are → (is it fresh? done)
//     → record "pending" → call
//     a new one: keep it, if the entry is still what was sent → record "rotated"
//     the entry is another by now: who changed it wins, and his is sent instead
//     invalid_grant, and it has never worked: the one before it is sent, once → record "pending"
//     invalid_grant: told to all who come after, until the entry is another one
//
// The one before is kept because a server may lose what it gave out, as with a copy of its database
// that was behind. RFC 6749 section 6 has a client discard it, and a server may take its use for a
// theft: so it is sent only where the login is over otherwise.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "vault/secret.h"
#include "vault/secret_name.h"
#include "vault/source_table.h"
#include "vault/sources/oauth2_client.h"
#include "vault/sources/run.h"

namespace keyswap::vault {

// A refresh token that its server has given out, and that is in no file yet.
struct PendingRotation {
  Secret refresh;
  Secret sent;           // for it
  std::string replaces;  // the version of the entry then
  std::string digest;    // kept_digest(): others have no use for `access`
  Secret access;
  std::int64_t minted_us = 0;
  std::optional<std::int64_t> expires_at;
  std::optional<Failed> fault;  // `access` is none that could be used
};

// Those of all sources of a process, by the entries that they belong in: one each, since whoever
// has the entry's lock writes that before he asks for another. On the engine's thread alone.
class PendingRotations {
 public:
  // Null: there is none.
  [[nodiscard]] PendingRotation* find(const SecretName& entry) {
    const auto found = by_entry_.find(entry.text());
    return found == by_entry_.end() ? nullptr : &found->second;
  }

  void put(const SecretName& entry, PendingRotation pending) {
    by_entry_.insert_or_assign(entry.text(), std::move(pending));
  }

  void drop(const SecretName& entry) { by_entry_.erase(entry.text()); }

 private:
  std::map<std::string, PendingRotation> by_entry_;
};

// Of one refresh token, for as long as its source is in use. Outlives its runs.
struct RefreshGrant {
  RefreshGrant(const SourceSpec& spec, SecretName refresh_token);

  TokenClient client;
  SecretName refresh;
  std::string spec_digest;
  std::int64_t default_life_us = 0;
  // An access token that came no later is of no use: whoever asks has it, or was given it.
  std::int64_t newest_us = 0;
  // The same, and not even where it was dropped because an entry changed: it is of what is there
  // now all the same, where another process exchanged the refresh token, and costs no call.
  std::int64_t dropped_us = 0;
  // Never null; its own until it is told of the process's.
  std::shared_ptr<PendingRotations> all_pending;
  int runs = 0;  // of refresh_run(): each may leave something pending
};

// Backend::forget() and reopen().
void forget_access(RefreshGrant& grant);
void reopen_access(RefreshGrant& grant);

std::unique_ptr<Run> refresh_run(RefreshGrant& grant, std::span<const std::string> keys);

// Keeps what is pending, or what a run that is under way leaves pending, and asks nobody: the last
// that can be done before the grant goes. Null: there is nothing to keep.
std::unique_ptr<Run> last_keep_run(RefreshGrant& grant);

}  // namespace keyswap::vault
