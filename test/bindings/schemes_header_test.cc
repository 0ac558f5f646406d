// SPDX-License-Identifier: Apache-2.0
//
// The scheme `header` (bindings/schemes/header.cc).
#include <catch2/catch.hpp>

#include "test/bindings/support.h"

namespace keyswap::bindings {

using test::accepted;
using test::composite;
using test::errors_of;
using test::render;
using test::with_inject;

namespace {

const SecretRule& rule_of(const Bindings& bindings) {
  return bindings.rules[0];
}

std::string format(const std::string& text) {
  return with_inject("{ header: Authorization, format: '" + text + "' }");
}

base::Errc failure(const SecretRule& rule, const std::vector<std::string>& values) {
  const auto rendered = render(rule, values);
  REQUIRE_FALSE(rendered.status.has_value());
  CHECK(rendered.text.empty());
  return rendered.status.error().code;
}

}  // namespace

TEST_CASE("a format is written around the secret") {
  const auto bindings = accepted(format("Bearer {secret}"));
  const auto rendered = render(rule_of(bindings), {"V"});
  CHECK(rendered.status.has_value());
  CHECK(rendered.text == "Bearer V");
  CHECK(rule_of(bindings).placement().name() == "authorization");
  CHECK(rule_of(bindings).injection().scheme() == "header");
}

TEST_CASE("a format may have the secret several times, and braces of its own") {
  CHECK(render(rule_of(accepted(format("{secret}:{K}"))), {"V"}).text == "V:V");
  CHECK(render(rule_of(accepted(format(R"({"k": "{secret}"} {} { K} {)"))), {"V"}).text ==
        R"({"k": "V"} {} { K} {)");
}

TEST_CASE("a secret that looks like a token of the format is not expanded") {
  CHECK(render(rule_of(accepted(format("Bearer {secret}"))), {"{secret}{K}"}).text ==
        "Bearer {secret}{K}");
}

TEST_CASE("a format that makes no header value is refused at load") {
  const auto* const text = GENERATE("\"Bearer {secret} \"",
                                    "\" {secret}\"",
                                    "\"Bearer\\n{secret}\"",
                                    "\"a\\0{secret}\"",
                                    "\"\\t{secret}\"",
                                    "\"\\x7f{secret}\"");
  INFO(text);
  CHECK_FALSE(errors_of(with_inject("{ header: A, format: " + std::string(text) + " }")).empty());
}

TEST_CASE("a header that cannot carry a credential is refused at load") {
  CHECK(errors_of(with_inject("{ header: Host, format: \"{secret}\" }"))
            .find("the header host cannot carry a credential") != std::string::npos);
  CHECK(
      errors_of(with_inject("{ header: \"A B\", format: \"{secret}\" }")).find("no header name") !=
      std::string::npos);
}

TEST_CASE("A18 A19 a value that could end its line is never written", "[I9]") {
  const auto bindings = accepted(format("{secret}"));
  const auto value = GENERATE(std::string("a\r\nX: y"),
                              std::string("a\n"),
                              std::string("\ra"),
                              std::string("a\0b", 3),
                              std::string("a\x7f"),
                              std::string(" a"),
                              std::string("a "),
                              std::string("a\t"),
                              std::string());
  CHECK(failure(rule_of(bindings), {value}) == base::Errc::invalid_input);
}

TEST_CASE("A20 other letters of UTF-8 are written as they are") {
  CHECK(render(rule_of(accepted(format("{secret}"))), {"p\xC3\xA4ss"}).text == "p\xC3\xA4ss");
}

TEST_CASE("a value longer than a field may be is refused") {
  const auto bindings = accepted(format("{secret}"));
  CHECK(render(rule_of(bindings), {std::string(32 * 1024, 'a')}).status.has_value());
  CHECK(failure(rule_of(bindings), {std::string(32 * 1024 + 1, 'a')}) ==
        base::Errc::limit_exceeded);
}

TEST_CASE("a sink without room refuses") {
  const auto bindings = accepted(format("{secret}"));
  const std::vector<vault::Secret> secrets = [] {
    std::vector<vault::Secret> values;
    values.push_back(test::secret_of("0123456789"));
    return values;
  }();
  auto out = vault::LockedBuffer::of_capacity(5);
  REQUIRE(out.has_value());
  const auto status = rule_of(bindings).injection().render({secrets, 0}, *out);
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().code == base::Errc::limit_exceeded);
}

TEST_CASE("F03 a template puts the parts of compose together") {
  const auto bindings = accepted(composite("Basic {{ (U + ':' + T) | b64encode }}", "[U, T]"));
  const auto rendered = render(rule_of(bindings), {"user", "token"});
  CHECK(rendered.status.has_value());
  CHECK(rendered.text == "Basic dXNlcjp0b2tlbg==");
}

TEST_CASE("F05 an empty part refuses the request") {
  const auto bindings = accepted(composite("Basic {{ (U + ':' + T) | b64encode }}", "[U, T]"));
  CHECK(failure(rule_of(bindings), {"", "token"}) == base::Errc::invalid_input);
}

TEST_CASE("J05 a part that does not decode refuses the request") {
  const auto bindings = accepted(composite("{{ X | b64decode }}", "[X]"));
  CHECK(failure(rule_of(bindings), {"not-valid-base64!@#$"}) == base::Errc::invalid_input);
}

TEST_CASE("a template whose value has controls in it refuses the request", "[I9]") {
  const auto decoded = accepted(composite("{{ X | b64decode }}", "[X]"));
  CHECK(failure(rule_of(decoded), {"YQ0KYg=="}) == base::Errc::invalid_input);  // "a\r\nb"
  const auto literal = accepted(composite("{{ X + 'a\\\\n' }}", "[X]"));
  CHECK(failure(rule_of(literal), {"v"}) == base::Errc::invalid_input);
}

TEST_CASE("totp takes the time that is handed in") {
  const auto bindings = accepted(composite("{{ totp(SEED) }}", "[SEED]"));
  const std::string seed = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
  CHECK(render(rule_of(bindings), {seed}, 59).text == "287082");
  CHECK(render(rule_of(bindings), {seed}, 1111111109).text == "081804");
}

}  // namespace keyswap::bindings
