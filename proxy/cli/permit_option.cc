// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/permit_option.h"

#include <set>

#include "proxy/cli/command_line.h"

namespace keyswap::cli {

Outcome<ca::PermittedHosts> PermitOption::parse() const {
  if (list.empty()) {
    return ca::PermittedHosts();
  }
  auto permitted = ca::PermittedHosts::parse(list);
  if (permitted) {
    return std::move(permitted).value();
  }
  const base::Error& error = permitted.error();
  const bool is_entry = error.code == base::Errc::invalid_input && error.number > 0;
  return Failure{Exit::usage,
                 is_entry ? "--permit: entry " + std::to_string(error.number) +
                                " is no host name, "
                                "address or network"
                          : "--permit: " + explain(error),
                 "like: --permit example.com,10.0.0.0/8   (a name stands for those below it, too)"};
}

Option* add_permit_option(CommandLine& app, PermitOption& permit) {
  return app
      .add_option("--permit",
                  permit.list,
                  "the CA may name these hosts alone (names with all below them, addresses, "
                  "networks)")
      ->type_name("HOST,...")
      ->check([](const std::string& text) { return text.empty() ? "no host is named" : ""; });
}

std::string permitted_text(std::string_view ca_pem) {
  const auto permitted = ca::PermittedHosts::of_pem(ca_pem);
  if (!permitted) {
    return explain(permitted.error());
  }
  return permitted->is_everything() ? "every host" : permitted->text();
}

void warn_of_hosts_not_permitted(bindings::Parsed& parsed, const std::string& ca_pem) {
  const auto permitted = ca::PermittedHosts::of_pem(ca_pem);
  if (!permitted || permitted->is_everything()) {
    return;
  }
  std::set<std::string> told;
  for (const bindings::SecretRule& rule : parsed.bindings.rules) {
    rule.see_hosts([&](const bindings::Scope& scope) {
      // A reverse route needs no certificate of ours.
      const std::string& host = scope.host.host;
      const bool is_ip =
          host.find(':') != std::string::npos ||
          (!host.empty() && host.find_first_not_of("0123456789.") == std::string::npos);
      if (rule.kind != bindings::RuleKind::custom && !permitted->allow(host, is_ip) &&
          told.insert(host).second) {
        parsed.warnings.push_back({0,
                                   0,
                                   "the CA may not name " + host + ": clients get 503 there",
                                   "it may name " + permitted->text() +
                                       "; make another: keyswap ca rotate --permit HOSTS"});
      }
    });
  }
}

}  // namespace keyswap::cli
