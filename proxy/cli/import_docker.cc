// SPDX-License-Identifier: Apache-2.0
//
// docker's config.json: auths.REGISTRY.auth, base64 of user:password. A registry hands out tokens
// for it, some of them at another host.
#include <algorithm>
#include <array>

#include "proxy/cli/credential_file.h"
#include "proxy/cli/json_strings.h"

namespace keyswap::cli {

namespace {

struct TokenHost {
  std::string_view registry;
  std::string_view host;
};

constexpr std::array kTokenHosts = {
    TokenHost{"index.docker.io", "auth.docker.io"},
    TokenHost{"registry-1.docker.io", "auth.docker.io"},
    TokenHost{"docker.io", "auth.docker.io"},
    TokenHost{"registry.gitlab.com", "gitlab.com"},
};

std::string host_of(std::string_view registry) {
  const std::size_t scheme = registry.find("://");
  registry = scheme == std::string_view::npos ? registry : registry.substr(scheme + 3);
  registry = registry.substr(0, registry.find('/'));
  const auto* const found = std::ranges::find(kTokenHosts, registry, &TokenHost::registry);
  return std::string(found == kTokenHosts.end() ? registry : found->host);
}

void take(std::string_view text, const JsonString& found, CredentialFile& file) {
  const auto& path = found.path;
  const auto line =
      1 + static_cast<std::size_t>(std::ranges::count(text.substr(0, found.begin), '\n'));
  const bool is_helper = path.front() == "credsStore" || path.front() == "credHelpers";
  if (is_helper) {
    file.left_out.push_back(
        at_line(line, "a credential helper keeps these; what it keeps cannot be read here"));
    return;
  }
  if (path.size() != 3 || path.front() != "auths" || found.text.empty()) {
    return;
  }
  if (path[2] == "identitytoken") {
    file.left_out.push_back(
        at_line(line, "an identity token is traded for others; log in with an access token"));
  } else if (path[2] == "auth") {
    if (path[1].starts_with("http://") || path[1].find('\\') != std::string_view::npos) {
      file.left_out.push_back(at_line(line, "over plain http no secret is sent"));
      return;
    }
    Credential credential;
    credential.line = line;
    credential.spot = {found.begin, found.text.size(), Writing::basic};
    credential.host = host_of(path[1]);
    credential.name = name_for("REGISTRY_PASSWORD", credential.host);
    file.credentials.push_back(std::move(credential));
  }
}

}  // namespace

CredentialFile read_docker_config(std::string_view text) {
  CredentialFile file;
  const bool is_json = each_json_string(text, [&](const JsonString& found) {
    if (!found.path.empty()) {
      take(text, found, file);
    }
  });
  if (!is_json) {
    return {{}, {"it is not JSON, or deeper than docker writes it"}, {}};
  }
  if (!file.credentials.empty()) {
    file.remarks.emplace_back(
        "the docker daemon asks the registry, not the command: it is the daemon that needs the "
        "proxy and its CA");
  }
  return file;
}

}  // namespace keyswap::cli
