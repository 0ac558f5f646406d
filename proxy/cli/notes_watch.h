// SPDX-License-Identifier: Apache-2.0
//
// Bindings in notes, for `serve`: reads the notes of the source that the policy names, at the
// start, behind a reload, and again and again; and completes by them what the file says. What is
// approved is the file (I17): that notes count, and which hosts they may name. What a note says
// comes into force as a reload does (I14), behind a record of each secret for which something
// changed.
//
// I13: a note that cannot be used any more binds nothing from then on, and takes what the file says
// of its secret out of force. Only when the source does not answer does what was read before stay.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "audit/log.h"
#include "proxy/base/clock.h"
#include "proxy/cli/policy.h"
#include "proxy/net/policy.h"
#include "vault/sources/cache.h"

namespace keyswap::cli {

// Used by one thread at a time.
class NotesWatch {
 public:
  // All outlive it; `engine` stops before it goes.
  struct Parts {
    vault::Engine* engine = nullptr;
    audit::Log* log = nullptr;
    const base::Clock* clock = nullptr;
    std::string file;  // the bindings', for what is said
  };

  explicit NotesWatch(Parts parts);
  NotesWatch(const NotesWatch&) = delete;
  NotesWatch& operator=(const NotesWatch&) = delete;
  NotesWatch(NotesWatch&&) = delete;
  NotesWatch& operator=(NotesWatch&&) = delete;
  ~NotesWatch();

  // What comes into force of a policy: with the notes that are known, if they are of the source
  // that it names in the same words. They are read anew behind that.
  net::Policy complete(const LoadedPolicy& loaded);

  // A policy to take the place of the one that complete() gave last, if notes say something else by
  // now. The first time it waits for them, bounds::kNotesFirstMs at most.
  std::optional<net::Policy> renew();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace keyswap::cli
