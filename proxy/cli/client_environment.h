// SPDX-License-Identifier: Apache-2.0
//
// The variables that make unmodified clients use the proxy, trust its CA and hold placeholders.
// Pure: the inherited environment in, what is to be set and removed out. docs/operations.md lists
// them. Every name is stripped in both cases before it is set: C's getenv returns the first of two,
// shells export one.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/cli/bound_host.h"

namespace keyswap::cli {

using Variables = std::map<std::string, std::string>;

struct ClientFiles {
  std::string ca;      // our root alone: for variables that add to a client's roots
  std::string bundle;  // host's roots and ours (and the user's): for variables that replace them
  std::string node_extra;      // `ca`, or the bundle when the user had extra roots of their own
  std::string java_store;      // "" when there is none
  std::string wgetrc;          // "" when there is none
  std::string php_folder;      // "" when there is none
  std::string npm_cafile;      // the bundle; "" when it lacks the host's roots and npmrc names none
  std::string netrc;           // "" when the user's own stays
  std::string hgrc;            // "" when there is none
  std::string apt_config;      // "" when there is none
  std::string node_preload;    // proxy/cli/node_preload.h; "" when it is not wanted
  bool pip_has_proxy = false;  // its settings name one (proxy/cli/proxy_settings.h)
};

struct Placeholder {
  std::string name;
  std::string text;
};

// Where the proxy is, and as whom the client comes.
struct ProxyAccess {
  std::string address;       // "127.0.0.1:8472"
  std::string caller_token;  // "" = nobody in particular
};

struct EnvironmentPlan {
  Variables set;
  std::vector<std::string> removed;   // names that the client must not see
  std::vector<std::string> warnings;  // for the operator
  std::string java_advice = {};       // for whoever runs Java; "" when there is none
};

// `session`: what KEYSWAP_SESSION says. `bound`: what the user's NO_PROXY must not cover.
EnvironmentPlan plan_environment(const Variables& inherited,
                                 const ProxyAccess& access,
                                 const ClientFiles& files,
                                 const std::vector<Placeholder>& placeholders,
                                 std::string_view session,
                                 const std::vector<BoundHost>& bound = {});

// `inherited` after the plan: what the client gets.
Variables apply_plan(const Variables& inherited, const EnvironmentPlan& plan);

// The files that the inherited variables name as roots, each once.
std::vector<std::string> inherited_root_files(const Variables& inherited);

// Name -> value of the process's environment; of a repeated name the first counts, as in getenv.
Variables inherited_environment();

}  // namespace keyswap::cli
