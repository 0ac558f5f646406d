// SPDX-License-Identifier: Apache-2.0
//
// How `keyswap doctor` launches each client that it knows: one request with a placeholder, to an
// upstream that says back what it got. A new client is an entry here. Pure.
#pragma once

#include <string>
#include <vector>

#include "proxy/cli/client_environment.h"

namespace keyswap::cli {

struct ClientProbe {
  std::string client;
  std::string program;  // as it is found on PATH
  // Its arguments, in which @URL@, @HOST@, @TOKEN@ (the placeholder) and @FILE@ are replaced.
  std::vector<std::string> arguments;
  bool sends_token = true;
  std::string past;         // what goes past the proxy in spite of the variables; 40 characters
  std::string fix;          // what to do if it does not come, or does not trust us; "" = nothing
  std::string source = {};  // of a program that is written to @FILE@, with the same replaced
  std::string suffix = {};  // of that file's name
};

std::vector<ClientProbe> client_probes();

// What they are told besides: to ask nobody at the terminal, and to look for nothing else.
Variables probe_variables();

// What is put in.
struct ProbePlace {
  std::string host;
  std::string token;
  std::string file;
};

std::string fill_in(std::string text, const ProbePlace& place);

}  // namespace keyswap::cli
