// SPDX-License-Identifier: Apache-2.0
//
// JAVA_TOOL_OPTIONS: options that name the proxy and the roots, after those that the user had. Java
// reads no other variable for either. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace keyswap::cli {

struct JavaSettings {
  std::string proxy_host;
  std::string proxy_port;
  std::string store;                // of roots; "" when there is none
  std::vector<std::string> direct;  // globs of the hosts that are called without the proxy
};

// `before` may be "".
std::string java_tool_options(std::string_view before, const JavaSettings& settings);

// The hosts that the user's own http.nonProxyHosts names, without keyswap's.
std::vector<std::string> java_direct_hosts(std::string_view before);

// Is `program` (a path or a name) one that runs Java?
bool is_java_program(std::string_view program);

}  // namespace keyswap::cli
