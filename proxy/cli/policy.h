// SPDX-License-Identifier: Apache-2.0
//
// bindings.yaml as the operator meets it: read, every error and warning said with FILE:LINE:COLUMN,
// and turned into what the server serves (I14: a broken file never gets that far).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/parse.h"
#include "bindings/policy_text.h"
#include "bindings/provider.h"
#include "proxy/cli/failure.h"
#include "proxy/cli/home.h"
#include "proxy/net/server.h"
#include "vault/vault.h"

namespace keyswap::cli {

// "FILE:LINE:COLUMN: error: <text>" and the hint below it.
std::string format_issue(const std::string& file,
                         std::string_view severity,
                         const bindings::ConfigIssue& issue);

// What `path` is from any folder, for whoever reads it elsewhere.
std::string absolute_path(const std::string& path);

// Reads and parses; prints nothing.
Outcome<bindings::Parsed> read_bindings(const std::string& file);

// The same of text, whose relative names are relative to `folder`. `notes`: as bindings::parse().
bindings::Parsed parse_bindings(std::string_view text,
                                const std::string& folder,
                                const bindings::MergedNotes* notes = nullptr);

// A bindings file with an entry of that provider (bindings/provider.h).
bindings::Parsed try_entry(const bindings::Provider& provider);

// Adds an error for each `upstream.ca_file` that cannot be used, or that others could write or
// replace (proxy/cli/path_trust.h). `own_ca_pem` (may be ""): never
// trusted upstream.
void check_ca_files(bindings::Parsed& parsed, const std::string& own_ca_pem);

// Says every error and warning on stderr; a failure when there is an error.
Outcome<std::shared_ptr<const bindings::Bindings>> accept_bindings(const std::string& file,
                                                                   bindings::Parsed parsed);

// Reads, then the same, saying every error and warning on stderr; a failure when there is an error.
Outcome<std::shared_ptr<const bindings::Bindings>> load_bindings(const std::string& file);

// What is served, and the text of it that is approved (proxy/cli/approval.h): both of the bytes of
// one reading of each file, whatever check_ca_files() read of it before.
struct LoadedPolicy {
  net::Policy policy;
  bindings::PolicyText text;
};

// Bindings and the upstream trust they ask for. `own_ca_pem`: never trusted upstream.
Outcome<LoadedPolicy> load_policy(const std::string& file, const std::string& own_ca_pem);
// The same of a text that was read before, as if it stood in `file`; nothing is said on stderr.
Outcome<LoadedPolicy> load_policy_text(bindings::PolicyText text,
                                       const std::string& file,
                                       const std::string& own_ca_pem);
// The contents of each `upstream.ca_file`, in their order; not_found, limit_exceeded, io.
base::Result<std::vector<std::string>> read_roots(const bindings::Bindings& bindings);
// The certificate in the home's ca.pem, "" if there is none.
std::string own_ca_of(const Home& home);

// The callers that these bindings list and the vault has no token of.
std::vector<std::string> missing_callers(const bindings::Bindings& bindings,
                                         const vault::Vault& vault);

// How many of a kind.
std::size_t count_rules(const bindings::Bindings& bindings, bindings::RuleKind kind);
// How many there are: "2 secrets, 1 custom service, 1 honeytoken".
std::string describe_rules(const bindings::Bindings& bindings);

}  // namespace keyswap::cli
