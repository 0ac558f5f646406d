// SPDX-License-Identifier: Apache-2.0
//
// What `keyswap serve` needs, opened and checked in the order in which a failure is cheapest to
// mend. No client is taken before everything is in order (I13).
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "ca/authority.h"
#include "proxy/base/clock.h"
#include "proxy/cli/confirmation.h"
#include "proxy/cli/detach.h"
#include "proxy/cli/failure.h"
#include "proxy/cli/home.h"
#include "proxy/cli/kept_head.h"
#include "proxy/cli/kept_records.h"
#include "proxy/cli/notes_watch.h"
#include "proxy/cli/policy.h"
#include "proxy/cli/policy_watch.h"
#include "proxy/cli/reloading.h"
#include "proxy/cli/serve_listen.h"
#include "proxy/cli/serve_lock.h"
#include "proxy/cli/serve_manage.h"
#include "proxy/cli/serve_parts.h"
#include "proxy/cli/serve_sandbox.h"
#include "proxy/cli/source_engine.h"
#include "proxy/cli/unlock.h"
#include "proxy/launcher/launcher.h"
#include "proxy/net/listening.h"

namespace keyswap::cli {

struct ServeOptions {
  std::string home;
  UnlockOptions unlock;
  ApprovalOptions approval;
  std::string bindings;
  ListenOptions listen;
  std::string manage;                 // "": no management listener
  std::optional<sandbox::User> user;  // to become
  unsigned threads = 0;
  bool while_used = false;
  bool json = false;
  Departure* departure = nullptr;  // to the background, with --detach
};

// Everything that lives as long as the server; in the order in which it must go.
struct Opened {
  Home home;
  ServeListeners listen;
  std::string managed_at;
  unsigned threads = 1;
  std::optional<ServeLock> lock;
  std::string bindings_file;
  std::optional<vault::Vault> vault;
  std::shared_ptr<const ca::Authority> authority;
  LoadedPolicy policy;
  PolicyWatch approval;
  base::SystemClock clock;
  KeptRecorder kept_records;  // the log tells it
  OpenLog log;
  std::optional<HeadKeeper> head;
  std::optional<Confirmation> confirmation;
  ReloadNotes reloads;
  std::unique_ptr<limits::Limiter> limiter;
  std::unique_ptr<launcher::Launcher> launcher;  // until the engine has it
  std::shared_ptr<net::Listening> listening;     // once it is known where
  std::unique_ptr<NotesWatch> notes;
  std::unique_ptr<SourceEngine> engine;
  ServeManagement management;
};

// On failure what was opened goes with `opened`.
Problem open_all(const ServeOptions& options, Opened& opened);

// What a command that changed something waits for.
InForce in_force(const Opened& opened);

}  // namespace keyswap::cli
