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
  if (host.name.empty() || host.has_token) {
    return;
  }
  std::string what = "the token of this host is in the system's keyring, which cannot be read here";
  if (host.name == kPublic) {
    what += ": gh auth token | keyswap secret add GITHUB_TOKEN --provider github";
  }
  file.left_out.push_back(at_line(host.line, what));
}

// Without quotes and comments; nothing where escapes would have to be worked out.
std::optional<Spot> spot_of(const Setting& setting) {
  const std::string_view value = setting.value;
  const char quote = value.front();
  if (quote != '"' && quote != '\'') {
    const std::string_view plain = value.substr(0, quote == '#' ? 0 : value.find(" #"));
    return Spot{setting.begin, plain.find_last_not_of(" \t") + 1, Writing::plain};
  }
  const std::size_t end = value.find(quote, 1);
  if (end == std::string_view::npos || value.find('\\') < end) {
    return std::nullopt;
  }
  return Spot{setting.begin + 1, end - 1, Writing::plain};
}

Credential credential_of(const Host& host, std::size_t line, const Spot& spot) {
  Credential credential;
  credential.line = line;
  credential.spot = spot;
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
      const auto spot = spot_of(*setting);
      host.has_token = host.has_token || !spot || spot->size > 0;
      if (!spot) {
        file.left_out.push_back(at_line(line->number, "it is not written as gh writes it"));
      } else if (spot->size > 0) {
        file.credentials.push_back(credential_of(host, line->number, *spot));
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
