// SPDX-License-Identifier: Apache-2.0
//
// docker's config.json: auths.REGISTRY.auth, base64 of user:password. A registry hands out tokens
// for it, some of them at another host.
#include <algorithm>
#include <array>
#include <utility>

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

class Reader {
 public:
  explicit Reader(std::string_view text) : lines_(text) {}

  void take(const JsonString& found) {
    const auto& path = found.path;
    if (path.empty() || found.text.empty()) {
      return;
    }
    if (path.front() == "credsStore" || path.front() == "credHelpers") {
      leave_out(found, "a credential helper keeps these; what it keeps cannot be read here");
    } else if (path.front() == "proxies" && has_user_info(found.text)) {
      leave_out(found, "credentials of a proxy");
    } else if (path.size() == 3 && path.front() == "auths") {
      take_registry(found);
    }
  }

  CredentialFile give() { return std::move(file_); }

 private:
  void leave_out(const JsonString& found, std::string_view why) {
    file_.left_out.push_back(at_line(lines_.line_of(found.begin), why));
  }

  void take_registry(const JsonString& found) {
    const std::string_view registry = found.path[1];
    const std::string_view key = found.path[2];
    if (key == "identitytoken" || key == "registrytoken") {
      leave_out(found, "such a token is traded for others; log in with an access token");
    } else if (key != "auth" && key != "password") {
      return;
    } else if (registry.starts_with("http://")) {
      leave_out(found, "over plain http no secret is sent");
    } else if (registry.find('\\') != std::string_view::npos ||
               found.text.find('\\') != std::string_view::npos) {
      leave_out(found, "it is written with backslashes, which docker does not do");
    } else {
      add(found, host_of(registry), key == "auth" ? Writing::basic : Writing::plain);
    }
  }

  void add(const JsonString& found, std::string host, Writing writing) {
    Credential credential;
    credential.line = lines_.line_of(found.begin);
    credential.spot = {found.begin, found.text.size(), writing};
    credential.name = name_for("REGISTRY_PASSWORD", host);
    credential.host = std::move(host);
    file_.credentials.push_back(std::move(credential));
  }

  LineNumbers lines_;
  CredentialFile file_;
};

}  // namespace

CredentialFile read_docker_config(std::string_view text) {
  Reader reader(text);
  const bool is_json =
      each_json_string(text, [&reader](const JsonString& found) { reader.take(found); });
  if (!is_json) {
    return {{}, {"it is not JSON, or deeper than docker writes it"}, {}};
  }
  CredentialFile file = reader.give();
  if (!file.credentials.empty()) {
    file.remarks.emplace_back(
        "the docker daemon asks the registry, not the command: it is the daemon that needs the "
        "proxy and its CA");
  }
  return file;
}

}  // namespace keyswap::cli
