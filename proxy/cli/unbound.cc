// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/unbound.h"

#include <algorithm>
#include <iterator>

#include "proxy/cli/policy.h"
#include "proxy/cli/serve_lock.h"
#include "proxy/cli/terminal.h"
#include "vault/vault.h"

namespace keyswap::cli {

std::vector<vault::SecretName> unbound_of(const std::vector<vault::SecretName>& names,
                                          const bindings::Bindings& bindings) {
  const std::vector<vault::SecretName> needed = bindings.own_entries();
  std::vector<vault::SecretName> unbound;
  std::ranges::copy_if(names, std::back_inserter(unbound), [&needed](const auto& name) {
    return !std::ranges::binary_search(needed, name);
  });
  return unbound;
}

std::vector<vault::SecretName> unbound_in(const Home& home, const bindings::Bindings& bindings) {
  const auto names = vault::Vault::names_in(home.vault());
  return names ? unbound_of(*names, bindings) : std::vector<vault::SecretName>();
}

std::string unbound_text(const std::vector<vault::SecretName>& unbound, std::string_view command) {
  constexpr std::size_t kNamedMax = 3;
  if (unbound.empty()) {
    return "";
  }
  std::string named;
  for (std::size_t i = 0; i < std::min(unbound.size(), kNamedMax); ++i) {
    named += (i == 0 ? "" : ", ") + unbound[i].text();
  }
  if (unbound.size() > kNamedMax) {
    named += " and " + std::to_string(unbound.size() - kNamedMax) + " more";
  }
  const std::string usual = "keyswap bindings add " +
                            (unbound.size() == 1 ? unbound.front().text() : "NAME") +
                            " --host HOST";
  return "no rule uses " + named + " yet: " + (command.empty() ? usual : std::string(command));
}

void remark_unbound(const Home& home,
                    const std::vector<vault::SecretName>& names,
                    std::string_view command) {
  const auto running = find_running(home);
  const bool serves_another = running && !running->bindings.empty();
  auto parsed = read_bindings(serves_another ? running->bindings : home.bindings());
  if (!parsed || !parsed->errors.empty()) {
    return;
  }
  if (const auto unbound = unbound_of(names, parsed->bindings); !unbound.empty()) {
    remark(unbound_text(unbound, command));
  }
}

}  // namespace keyswap::cli
