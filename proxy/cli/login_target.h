// SPDX-License-Identifier: Apache-2.0
//
// Where `keyswap login` logs in: at a provider that is known by its name, at an issuer that says
// itself where its endpoints are, or at endpoints that the operator names; and by which of the two
// ways, with a code for another device or in a browser here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "proxy/cli/failure.h"
#include "proxy/cli/options.h"
#include "vault/source_table.h"
#include "vault/sources/login_discovery.h"

namespace keyswap::cli {

struct LoginOptions {
  std::string home;
  UnlockOptions unlock;
  ApprovalOptions approval;
  std::string provider;  // "" none
  std::string issuer;
  std::string token_url;
  std::string authorize_url;
  std::string device_url;
  std::string name;  // of the secret; "" as the provider is called
  std::string client_id;
  std::string client_secret;  // the name of its entry
  std::string auth;
  std::string scope;
  std::vector<std::string> hosts;
  std::vector<std::string> allowed;  // addresses
  std::uint16_t redirect_port = 0;   // 0: the kernel chooses
  bool wants_device = false;
  bool wants_browser = false;
  bool opens_nothing = false;  // --no-browser
  bool is_forced = false;
  bool json = false;
};

struct LoginTarget {
  std::string provider;   // as the rule says it; "" none
  std::string issuer;     // "" not known
  std::string token_url;  // "" the issuer says it
  std::string authorize_url;
  std::string authorize_more;
  std::string device_url;
  std::string auth;  // "" as the rule has it without a word
  bool is_issuer_said = false;
  bool takes_s256 = true;
  bool prefers_device = false;
};

enum class LoginWay : unsigned char { device, browser };

// Where to log in stands in the rule of that name, which is there: nothing but that is said.
bool is_said_by_rule(const LoginOptions& options);
// What the rule's source says of that, and was not said.
Outcome<LoginOptions> options_of_rule(LoginOptions options, const vault::SourceSpec& spec);
// By what is said on the command line alone.
Outcome<LoginTarget> choose_target(const LoginOptions& options);
// With what its issuer says.
void add_discovered(const vault::Discovery& found, bool has_secret, LoginTarget& target);
Outcome<LoginWay> choose_way(const LoginOptions& options, const LoginTarget& target);

// The secret's name.
std::string login_name(const LoginOptions& options);

}  // namespace keyswap::cli
