// SPDX-License-Identifier: Apache-2.0
//
// The part of `keyswap doctor` that launches every client of client_probes.h that is on PATH, as
// `run` would, against upstreams on loopback that say back the key: through a proxy, a vault and a
// CA that are thrown away. No secret of the user's is near them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/cli/client_environment.h"
#include "proxy/cli/client_probes.h"
#include "proxy/cli/failure.h"

namespace keyswap::cli {

enum class Observed : unsigned char { yes, no, unknown };

struct ClientReport {
  std::string client;
  std::string program;                      // where it is
  Observed used_proxy = Observed::unknown;  // did its request come to the proxy?
  Observed trusted_ca = Observed::unknown;
  Observed swapped = Observed::unknown;   // did the upstream get the key?
  Observed scrubbed = Observed::unknown;  // did the client get the placeholder back for it?
  std::string past;                       // what goes past the proxy all the same
  std::string fix;                        // "" when there is nothing to do
};

// What is known of one launch.
struct ClientEvidence {
  bool is_in_log = false;         // is there any record of its host?
  bool came_to_upstream = false;  // did a request?
  bool brought_real_key = false;  // did one with the key?
  bool printed_key = false;
  bool printed_placeholder = false;
};

// Pure.
ClientReport judge_client(const ClientProbe& probe, const ClientEvidence& evidence);

// Is it as it should be? What could not be seen is no fault.
bool is_well(const ClientReport& report);

// Lines of 80 columns at most: a table, and what to do below it.
std::string format_reports(const std::vector<ClientReport>& reports);

// Takes as long as the slowest client (bounds::kClientAnswerMs at most), and some seconds for the
// rest. `shell`: where PATH and HOME come from.
Outcome<std::vector<ClientReport>> launch_clients(const Variables& shell);

std::string_view to_string(Observed observed);

}  // namespace keyswap::cli
