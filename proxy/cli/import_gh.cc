// SPDX-License-Identifier: Apache-2.0
//
// gh's hosts.yml, as gh itself writes it: a host, its settings below it, further accounts under
// `users`. Line by line: a parser of YAML would keep copies of the tokens.
#include <algorithm>

#include "proxy/cli/credential_file.h"

namespace keyswap::cli {

namespace {

constexpr std::string_view kToken = "oauth_token";
constexpr std::string_view kPublic = "github.com";
constexpr std::string_view kTenants = ".ghe.com";

struct Host {
  std::string name;
  std::size_t line = 0;
  bool has_token = false;
};

void say_keyring(const Host& host, CredentialFile& file) {
  if (!host.name.empty() && !host.has_token) {
    file.left_out.push_back(
        at_line(host.line,
                "the token of this host is in the system's keyring, which cannot be read here: "
                "gh auth token | keyswap secret add GITHUB_TOKEN --provider github"));
  }
}

Spot spot_of(const Setting& setting) {
  const std::string_view value = setting.value;
  const bool is_quoted = value.size() >= 2 && value.front() == value.back() &&
                         (value.front() == '"' || value.front() == '\'');
  return is_quoted ? Spot{setting.begin + 1, value.size() - 2, Writing::plain}
                   : Spot{setting.begin, value.size(), Writing::plain};
}

Credential credential_of(const Host& host, std::size_t line, const Setting& setting) {
  Credential credential;
  credential.line = line;
  credential.spot = spot_of(setting);
  if (host.name == kPublic) {
    credential.name = "GITHUB_TOKEN";
    credential.provider = "github";
    return credential;
  }
  credential.name = "GH_ENTERPRISE_TOKEN";
  credential.host = host.name.ends_with(kTenants) ? "api." + host.name : host.name;
  credential.use = Use::token;
  return credential;
}

}  // namespace

CredentialFile read_gh_hosts(std::string_view text) {
  CredentialFile file;
  Host host;
  Lines lines(text);
  while (const auto line = lines.next()) {
    const auto setting = read_setting(*line, ":");
    if (!setting || setting->key.empty()) {
      continue;
    }
    const bool is_host = line->text.front() != ' ' && line->text.front() != '\t';
    if (is_host) {
      say_keyring(host, file);
      host = {std::string(setting->key), line->number, false};
    } else if (setting->key == kToken && !setting->value.empty() && !host.name.empty()) {
      auto credential = credential_of(host, line->number, *setting);
      if (credential.spot.size > 0) {
        host.has_token = true;
        file.credentials.push_back(std::move(credential));
      }
    }
  }
  say_keyring(host, file);
  if (!file.credentials.empty()) {
    file.remarks.emplace_back(
        "the bindings are for reading alone; what else gh does (pull requests, GraphQL) needs its "
        "methods and paths: keyswap bindings edit");
  }
  return file;
}

}  // namespace keyswap::cli
