// SPDX-License-Identifier: Apache-2.0
//
// The catalogue as commands see it: what is built in, and the files of the home's folder
// `providers`. One of the operator's own takes the place of the built-in one of its name.
#pragma once

#include <string>
#include <vector>

#include "bindings/provider.h"
#include "proxy/cli/failure.h"
#include "proxy/cli/home.h"

namespace keyswap::cli {

struct KnownProvider {
  bindings::Provider provider;
  std::string file;        // the operator's; "" = built in
  bindings::Parsed trial;  // a bindings file with an entry of it
};

// The names of all, in order.
Outcome<std::vector<std::string>> provider_names(const Home& home);

// Reads one. Its mistakes are said on stderr, each at its place; a name that is not there names the
// nearest.
Outcome<KnownProvider> load_provider(const Home& home, const std::string& name);

// The hosts that its secret is bound to; "{host}" where it differs by customer.
std::vector<std::string> hosts_of(const bindings::Provider& provider);
// Where its key stands: "header x-api-key".
std::vector<std::string> places_of(const KnownProvider& known);

}  // namespace keyswap::cli
