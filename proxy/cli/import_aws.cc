// SPDX-License-Identifier: Apache-2.0
//
// AWS's credentials: each profile with what kind of credentials it has. Nothing of it is taken
// over: a pair is bound with a throw-away pair in its place (the scheme sigv4), and for hosts that
// the file does not name.
#include <algorithm>
#include <array>

#include "proxy/cli/credential_file.h"

namespace keyswap::cli {

namespace {

struct Kind {
  std::string_view key;
  const char* what;
};

constexpr std::array kKinds = {
    Kind{"aws_secret_access_key",
         "the client signs its requests with the pair, and the file does not say for which hosts: "
         "bind it with `inject: { type: sigv4, ... }`, keyswap help bindings"},
    Kind{"credential_process", "a program of its own gives these credentials, and keeps them"},
    Kind{"sso_session", "the credentials are those of a log-in in a browser, which cannot be read"},
    Kind{"sso_start_url",
         "the credentials are those of a log-in in a browser, which cannot be read"},
};

}  // namespace

CredentialFile read_aws_credentials(std::string_view text) {
  CredentialFile file;
  Lines lines(text);
  while (const auto line = lines.next()) {
    const auto setting = read_setting(*line, "=");
    const auto* const kind =
        setting ? std::ranges::find(kKinds, setting->key, &Kind::key) : kKinds.end();
    if (kind != kKinds.end()) {
      file.left_out.push_back(at_line(line->number, kind->what));
    }
  }
  if (!file.left_out.empty()) {
    file.remarks.emplace_back(
        "for Amazon Bedrock there are API keys that travel: keyswap provider show bedrock");
  }
  return file;
}

}  // namespace keyswap::cli
