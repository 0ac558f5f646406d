// SPDX-License-Identifier: Apache-2.0
//
// Builders that the tests of bindings/ share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "bindings/parse.h"
#include "vault/secret.h"

namespace keyswap::bindings::test {

inline const std::string kFolder = "/etc/keyswap";
inline const std::string kPlaceholder = "sk-PLACEHOLDER-0123456789abcdef";

// One secret, with what is given as the rest of its entry (indented by four spaces).
inline std::string one_secret(const std::string& rest, const std::string& top = "") {
  return top + "secrets:\n  K:\n" + rest;
}

inline std::string with_placeholder(const std::string& placeholder) {
  return one_secret("    placeholder: \"" + placeholder +
                    "\"\n"
                    "    inject: { header: Authorization, format: \"Bearer {secret}\" }\n"
                    "    bindings: [ { host: api.example.com } ]\n");
}

inline std::string with_inject(const std::string& inject) {
  return one_secret("    placeholder: \"" + kPlaceholder + "\"\n    inject: " + inject +
                    "\n    bindings: [ { host: api.example.com } ]\n");
}

inline std::string with_binding(const std::string& binding, const std::string& top = "") {
  return one_secret("    placeholder: \"" + kPlaceholder +
                        "\"\n    inject: { header: Authorization, format: \"Bearer {secret}\" }\n"
                        "    bindings: [ " +
                        binding + " ]\n",
                    top);
}

inline std::string with_top(const std::string& top) {
  return with_binding("{ host: api.example.com }", top);
}

inline std::string composite(const std::string& text, const std::string& compose) {
  return one_secret("    placeholder: \"" + kPlaceholder +
                    "\"\n    inject: { header: Authorization, template: \"" + text +
                    "\" }\n    compose: " + compose +
                    "\n    bindings: [ { host: api.example.com } ]\n");
}

// All errors, as "line:column text | hint", one a line.
inline std::string listed(const std::vector<ConfigIssue>& issues) {
  std::string text;
  for (const auto& issue : issues) {
    text += std::to_string(issue.line) + ":" + std::to_string(issue.column) + " " + issue.text +
            " | " + issue.hint + "\n";
  }
  return text;
}

inline std::string errors_of(const std::string& yaml, Venues venues = {}) {
  return listed(parse(yaml, kFolder, venues).errors);
}

inline std::string warnings_of(const std::string& yaml, Venues venues = {}) {
  return listed(parse(yaml, kFolder, venues).warnings);
}

inline Bindings accepted(const std::string& yaml, Venues venues = {}) {
  auto parsed = parse(yaml, kFolder, venues);
  INFO(yaml);
  REQUIRE(listed(parsed.errors).empty());
  return std::move(parsed.bindings);
}

inline http::Authority at_host(const std::string& host, std::uint16_t port = 443) {
  auto authority = http::parse_host(host, port);
  REQUIRE(authority.has_value());
  return std::move(authority).value();
}

inline Match match_of(const Bindings& bindings,
                      const std::string& method,
                      const std::string& target,
                      const std::string& host = "api.example.com") {
  return bindings.match(0, at_host(host), {method, target});
}

inline vault::Secret secret_of(std::string_view value) {
  REQUIRE(vault::lock_memory().has_value());
  auto secret = vault::Secret::copy_of(value);
  REQUIRE(secret.has_value());
  return std::move(secret).value();
}

struct Rendered {
  base::Status status;
  std::string text;  // a test's values are not secret
};

// As it is rendered and held against its place.
inline Rendered render(const SecretRule& rule,
                       const std::vector<std::string>& values,
                       std::int64_t now_s = 0) {
  std::vector<vault::Secret> secrets;
  for (const auto& value : values) {
    secrets.push_back(secret_of(value));
  }
  auto out = vault::LockedBuffer::of_capacity(64 * 1024);
  REQUIRE(out.has_value());
  Rendered rendered;
  rendered.status = rule.injection().render({secrets, now_s}, *out);
  if (rendered.status) {
    rendered.status = rule.placement().check(out->reveal());
  }
  rendered.text = rendered.status ? std::string(out->reveal()) : "";
  return rendered;
}

// "part:begin-endxoccurrences", one after the other; "basic" where they count in credentials.
inline std::string spots_of(const Placement& placement,
                            const HeadParts& head,
                            std::size_t part,
                            std::string_view placeholder) {
  std::vector<Spot> spots;
  placement.find(head, part, placeholder, spots);
  std::string text;
  for (const Spot& spot : spots) {
    text += (text.empty() ? "" : " ") + std::string(spot.is_in_basic ? "basic " : "") +
            std::to_string(spot.part) + ":" + std::to_string(spot.begin) + "-" +
            std::to_string(spot.end) + "x" + std::to_string(spot.occurrences);
  }
  return text;
}

inline std::string text_of(const EditText& text) {
  if (const auto* const plain = std::get_if<std::string>(&text)) {
    return *plain;
  }
  const auto* const secret = std::get_if<vault::Secret>(&text);
  return std::string(secret != nullptr ? secret->reveal() : std::get<Locked>(text).bytes);
}

}  // namespace keyswap::bindings::test
