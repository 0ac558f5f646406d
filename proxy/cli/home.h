// SPDX-License-Identifier: Apache-2.0
//
// The home folder (docs/operations.md, "Files and variables"): where it is, what stands where in
// it, and whether it may be trusted. Everything in it is 0600 (the public certificates 0644) in a
// folder of 0700, whatever the umask. A home of somebody else, with loose modes, or reached through
// a link that somebody else could turn is refused, not repaired (I13).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "proxy/cli/path_trust.h"

namespace keyswap::cli {

struct Home {
  std::string path;  // absolute, without a trailing slash; "" where nothing says which

  [[nodiscard]] std::string vault() const { return path + "/vault.db"; }

  [[nodiscard]] std::string ca() const { return path + "/ca.pem"; }

  // CAs before it, whose leaves may still live (proxy/cli/bundle.h).
  [[nodiscard]] std::string old_ca() const { return path + "/ca-old.pem"; }

  [[nodiscard]] std::string bundle() const { return path + "/bundle.pem"; }

  [[nodiscard]] std::string bindings() const { return path + "/bindings.yaml"; }

  // Providers of the operator's own (proxy/cli/providers.h).
  [[nodiscard]] std::string providers() const { return path + "/providers"; }

  [[nodiscard]] std::string audit() const { return path + "/audit"; }

  [[nodiscard]] std::string key() const { return path + "/key"; }

  // What was used of quotas and daily volumes (proxy/limits/ledger.h).
  [[nodiscard]] std::string limits() const { return path + "/limits.db"; }

  // The requests that a person decides on (proxy/approvals/operation_file.h).
  [[nodiscard]] std::string approvals() const { return path + "/approvals.db"; }

  // The texts of what is approved (proxy/cli/approval.h).
  [[nodiscard]] std::string approved() const { return path + "/approved"; }

  // Held while a proxy runs on this home; says where it listens.
  [[nodiscard]] std::string serve_lock() const { return path + "/serve.lock"; }

  // Locked by bytes, each for an entry that a source changes.
  [[nodiscard]] std::string sources_lock() const { return path + "/sources.lock"; }

  // What a proxy in the background says (proxy/cli/detach.h).
  [[nodiscard]] std::string serve_log() const { return path + "/serve.log"; }

  // There while a command wants the proxy to close the audit log's segment
  // (proxy/cli/audit_rotation.h).
  [[nodiscard]] std::string rotation() const { return path + "/audit-rotate"; }

  // There while a command wants the proxy to drop what sources gave
  // (proxy/cli/source_flushing.h).
  [[nodiscard]] std::string flushing() const { return path + "/source-flush"; }

  // What `run` and `env` make for clients that want a file in a form of their own.
  [[nodiscard]] std::string clients() const { return path + "/clients"; }
};

// What the choice of a home depends on; "" where a variable is not set.
struct HomeChoice {
  std::string_view option;          // --home
  std::string_view keyswap_home;    // $KEYSWAP_HOME
  std::string_view xdg_state_home;  // $XDG_STATE_HOME
  std::string_view user_home;       // $HOME
};

// The first of: option, $KEYSWAP_HOME, $XDG_STATE_HOME/keyswap, ~/.local/state/keyswap. A relative
// $XDG_STATE_HOME does not count (the XDG base directory specification says to ignore it), nor does
// a relative $HOME: neither may lead into whatever folder a command happens to be started in.
Home choose_home(const HomeChoice& choice);

using HomeProblem = PathProblem;

// Is it there, ours, 0700, no link, and can nobody else put another in its place; and are vault.db,
// ca.pem and key (if there) plain files of ours that nobody else can open? The first problem found.
std::optional<HomeProblem> check_home(const Home& home);

// What is wrong where the home's path is "".
HomeProblem no_home_named();

// A plain file of ours that nobody else can open: no link (of either kind), no group or other bits.
std::optional<HomeProblem> check_private_file(const std::string& path);

}  // namespace keyswap::cli
