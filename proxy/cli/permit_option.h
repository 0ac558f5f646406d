// SPDX-License-Identifier: Apache-2.0
//
// --permit HOSTS: what a new CA may name (ca/permitted_hosts.h), and how that is shown.
#pragma once

#include <string>
#include <string_view>

#include "bindings/parse.h"
#include "ca/permitted_hosts.h"
#include "proxy/cli/failure.h"

namespace keyswap::cli {

class CommandLine;
class Option;

struct PermitOption {
  std::string list;  // "": every host

  [[nodiscard]] Outcome<ca::PermittedHosts> parse() const;
};

Option* add_permit_option(CommandLine& app, PermitOption& permit);

// "example.com,10.0.0.0/8", or "every host".
std::string permitted_text(std::string_view ca_pem);

// Adds a warning for each host of the bindings that the CA may not name: programs that ask for it
// get 503.
void warn_of_hosts_not_permitted(bindings::Parsed& parsed, const std::string& ca_pem);

}  // namespace keyswap::cli
