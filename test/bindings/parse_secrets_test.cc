// SPDX-License-Identifier: Apache-2.0
//
// `secrets:` and what must be true of all of them together (bindings/parse_secrets.cc).
#include <catch2/catch.hpp>

#include "test/bindings/support.h"

namespace keyswap::bindings {

using test::accepted;
using test::errors_of;
using test::one_secret;
using test::with_placeholder;

namespace {

std::string secret(const std::string& name, const std::string& placeholder) {
  return "  " + name + ":\n    placeholder: \"" + placeholder +
         "\"\n    inject: { header: Authorization, format: \"Bearer {secret}\" }\n"
         "    bindings: [ { host: api.example.com } ]\n";
}

std::string two(const std::string& first, const std::string& second) {
  return "secrets:\n" + secret("A", first) + secret("B", second);
}

}  // namespace

TEST_CASE("I04 I05 a placeholder too short or without its marker is refused where it stands") {
  CHECK(errors_of(with_placeholder("sk-PLACEHOLDER-12345678")) ==
        "3:18 a placeholder has at least 24 characters | \n");
  CHECK(errors_of(with_placeholder("sk-proj-0123456789abcdefghij"))
            .find("this looks like a live key: a placeholder contains PLACEHOLDER") !=
        std::string::npos);
  CHECK(errors_of(with_placeholder("no-digits-in-here-but-long")).find("3:18 a placeholder con") !=
        std::string::npos);
  CHECK_FALSE(errors_of(with_placeholder("")).empty());
}

TEST_CASE("a realistic placeholder may be declared a stand-in") {
  const std::string text = one_secret(
      "    placeholder: sk-proj-0123456789abcdefghij\n"
      "    stand_in: true\n"
      "    inject: { header: Authorization, format: \"Bearer {secret}\" }\n"
      "    bindings: [ { host: api.example.com } ]\n");
  CHECK(accepted(text).rules[0].placeholder == "sk-proj-0123456789abcdefghij");
}

TEST_CASE("I06 one placeholder for two secrets is refused") {
  CHECK(errors_of(two(test::kPlaceholder, test::kPlaceholder)) ==
        "7:18 'B' has the same placeholder as 'A' | each secret needs its own\n");
}

TEST_CASE("I07 D20 a placeholder inside another is refused, wherever it stands in it") {
  const auto& inner = test::kPlaceholder;
  const auto [first, second] =
      GENERATE_COPY(table<std::string, std::string>({{inner, inner + "-more"},
                                                     {inner, "more-" + inner},
                                                     {inner, "more-" + inner + "-more"},
                                                     {inner + "-more", inner},
                                                     {"x" + inner, inner}}));
  INFO(first << " " << second);
  CHECK(errors_of(two(first, second)).find("is contained in that of") != std::string::npos);
}

TEST_CASE("I07 containment is found among many") {
  std::string text = "secrets:\n";
  for (int i = 0; i < 200; ++i) {
    text +=
        secret("S" + std::to_string(i), "shared-PLACEHOLDER-beginning-" + std::to_string(1000 + i));
  }
  CHECK(errors_of(text).empty());
  CHECK(errors_of(text + secret("LAST", "x-shared-PLACEHOLDER-beginning-1077-y"))
            .find("'S77' is contained in that of 'LAST'") != std::string::npos);
  CHECK(errors_of(text + secret("LAST", "shared-PLACEHOLDER-beginning-10"))
            .find("'LAST' is contained in that of 'S0'") != std::string::npos);
}

TEST_CASE("placeholders that merely overlap are fine") {
  CHECK(errors_of(two("aaaa-PLACEHOLDER-bbbb-cccc", "bbbb-cccc-PLACEHOLDER-aaaa-")).empty());
}

TEST_CASE("a secret needs a placeholder, an injection and a binding") {
  const auto errors = errors_of("secrets:\n  K: {}\n");
  CHECK(errors.find("`placeholder` is missing in `K`") != std::string::npos);
  CHECK(errors.find("`inject` is missing in `K`") != std::string::npos);
  CHECK(errors.find("`bindings` is missing in `K`") != std::string::npos);
  CHECK(errors_of("secrets:\n  K:\n").find("must be a mapping") != std::string::npos);
  CHECK(errors_of(one_secret("    placeholder: " + test::kPlaceholder +
                             "\n    inject: { header: A, format: \"{K}\" }\n    bindings: []\n"))
            .find("`bindings` is an empty list") != std::string::npos);
}

TEST_CASE("the name of a secret is one that the vault takes") {
  CHECK(
      errors_of("secrets:\n" + secret("\"a b\"", test::kPlaceholder)).find("no name of a secret") !=
      std::string::npos);
  CHECK(errors_of("secrets:\n" + secret("-a", test::kPlaceholder)).find("no name of a secret") !=
        std::string::npos);
  CHECK(errors_of("secrets:\n" + secret("DO-API.TOKEN_2", test::kPlaceholder)).empty());
}

TEST_CASE("I33 a mistyped or unsupported key of a secret is refused") {
  const auto with = [](const std::string& key) {
    return one_secret(
        "    " + key + ": true\n    placeholder: " + test::kPlaceholder +
        "\n    inject: { header: A, format: \"{K}\" }\n    bindings: [ { host: a.b } ]\n");
  };
  CHECK(errors_of(with("honeytokn"))
            .find("'honeytokn' is no key of `K` | did you mean "
                  "'honeytoken'?") != std::string::npos);
  CHECK(errors_of(with("binding_source")).find("'binding_source' is not supported here") !=
        std::string::npos);
}

TEST_CASE("a honeytoken has a placeholder and goes nowhere") {
  const auto bindings =
      accepted(one_secret("    honeytoken: true\n    placeholder: " + test::kPlaceholder + "\n"));
  REQUIRE(bindings.rules.size() == 1);
  CHECK(bindings.rules[0].kind == RuleKind::honeytoken);
  CHECK(bindings.rules[0].placeholder == test::kPlaceholder);
  CHECK(bindings.rules[0].scopes.empty());
  CHECK(bindings.has_honeytokens());
  CHECK_FALSE(accepted(with_placeholder(test::kPlaceholder)).has_honeytokens());
  CHECK(accepted(one_secret("    honeytoken: true\n    stand_in: true\n"
                            "    placeholder: sk-proj-0123456789abcdefghij\n"))
            .has_honeytokens());
}

TEST_CASE("a honeytoken that says where it goes is refused, key by key") {
  const std::string rest = "    honeytoken: true\n    placeholder: " + test::kPlaceholder + "\n";
  CHECK(errors_of(one_secret("    honeytoken: true\n")).find("`placeholder` is missing") !=
        std::string::npos);
  CHECK(errors_of(one_secret(rest + "    inject: { header: A, format: \"{K}\" }\n")) ==
        "5:13 a honeytoken has no `inject`: it goes nowhere | remove it, or remove `honeytoken: "
        "true`\n");
  CHECK(errors_of(one_secret(rest + "    bindings: [ { host: a.example } ]\n"))
            .find("a honeytoken has no `bindings`") != std::string::npos);
  for (const std::string key : {"capture", "together_with", "source", "key", "field", "fields"}) {
    INFO(key);
    CHECK(errors_of(one_secret(rest + "    " + key + ": a\n")).find("has no `" + key + "`") !=
          std::string::npos);
  }
  CHECK(errors_of(one_secret(rest + "    compose: [A]\n")).find("a honeytoken has no `compose`") !=
        std::string::npos);
  CHECK(errors_of(one_secret("    honeytoken: yes\n    placeholder: " + test::kPlaceholder + "\n"))
            .find("`honeytoken` must be") != std::string::npos);
  // What is false is a secret like any other.
  CHECK(
      errors_of(one_secret("    honeytoken: false\n    placeholder: " + test::kPlaceholder + "\n"))
          .find("`inject` is missing") != std::string::npos);
}

TEST_CASE("I06 a honeytoken's placeholder is unlike those of secrets") {
  CHECK(errors_of("secrets:\n" + secret("A", test::kPlaceholder) +
                  "  H:\n    honeytoken: true\n    placeholder: " + test::kPlaceholder + "\n")
            .find("'H' has the same placeholder as 'A'") != std::string::npos);
}

TEST_CASE("more secrets than the bound are refused", "[I10]") {
  std::string text = "secrets:\n";
  for (int i = 0; i <= 10'000; ++i) {
    text += "  S" + std::to_string(i) + ": 1\n";
  }
  CHECK(errors_of(text) == "2:3 `secrets` has more than 10000 entries | \n");
}

TEST_CASE("ten thousand secrets load") {
  std::string text = "secrets:\n";
  for (int i = 0; i < 10'000; ++i) {
    text += secret("S" + std::to_string(i), "sk-PLACEHOLDER-number-" + std::to_string(100'000 + i));
  }
  const auto bindings = accepted(text);
  std::vector<std::uint32_t> found;
  bindings.find_placeholders("Bearer sk-PLACEHOLDER-number-107777", found);
  CHECK(found == std::vector<std::uint32_t>{7777});
}

}  // namespace keyswap::bindings
