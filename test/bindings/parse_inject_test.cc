// SPDX-License-Identifier: Apache-2.0
//
// `inject:` and `compose:` (bindings/parse_inject.cc).
#include <catch2/catch.hpp>

#include "test/bindings/support.h"

namespace keyswap::bindings {

using test::accepted;
using test::composite;
using test::errors_of;
using test::warnings_of;
using test::with_inject;

namespace {

std::vector<std::string> needs_of(const Bindings& bindings) {
  std::vector<std::string> names;
  for (const auto& name : bindings.rules[0].injection().needs()) {
    names.push_back(name.text());
  }
  return names;
}

}  // namespace

TEST_CASE("I18 a format without a place for the secret is refused") {
  CHECK(errors_of(with_inject("{ header: Authorization, format: Bearer }"))
            .find("`format` does not say where the secret goes") != std::string::npos);
}

TEST_CASE("I19 a format that names another secret is refused at its place") {
  CHECK(errors_of(with_inject("{ header: Authorization, format: \"Bearer {OTHER}\" }"))
            .find("4:54 `format` names something that is not this secret") == 0);
}

TEST_CASE("I20 a format may say {secret} or the secret's name") {
  CHECK(errors_of(with_inject("{ header: Authorization, format: \"Bearer {secret}\" }")).empty());
  CHECK(errors_of(with_inject("{ header: Authorization, format: \"Bearer {K}\" }")).empty());
  CHECK(needs_of(accepted(with_inject("{ header: A, format: \"{K}{secret}\" }"))) ==
        std::vector<std::string>{"K"});
}

TEST_CASE("I29 I33 the type is `header` if it is not given") {
  CHECK(accepted(with_inject("{ header: X-Key, format: \"{K}\" }")).rules[0].injection().scheme() ==
        "header");
  CHECK(accepted(with_inject("{ type: header, header: X-Key, format: \"{K}\" }"))
            .rules[0]
            .placement()
            .name() == "x-key");
  const auto errors = errors_of(with_inject("{ type: heder, header: X-Key, format: \"{K}\" }"));
  CHECK(errors.find("`type` must be one of: header, ") != std::string::npos);
  CHECK(errors.find("did you mean 'header'?") != std::string::npos);
}

TEST_CASE("I27 what agent-vault-proxy can inject otherwise is refused by name") {
  const auto* const type = GENERATE("multi", "body");
  CHECK(errors_of(with_inject("{ type: " + std::string(type) + " }"))
            .find("'" + std::string(type) + "' is not supported here") != std::string::npos);
}

TEST_CASE("I22 template and compose need each other") {
  CHECK(errors_of(with_inject("{ header: A, template: \"{{ X }}\" }"))
            .find("`template` needs `compose`") != std::string::npos);
  CHECK(
      errors_of(test::one_secret("    placeholder: " + test::kPlaceholder +
                                 "\n    inject: { header: A, format: \"{K}\" }\n    compose: [X]\n"
                                 "    bindings: [ { host: a.b } ]\n"))
          .find("`compose` needs `template`") != std::string::npos);
  CHECK(errors_of(with_inject("{ header: A, format: \"{K}\", template: \"{{ X }}\" }"))
            .find("exclude each other") != std::string::npos);
  CHECK(errors_of(with_inject("{ header: A }")).find("neither `format` nor `template`") !=
        std::string::npos);
}

TEST_CASE("I22 a compose of one plain secret is accepted") {
  CHECK(needs_of(accepted(composite("{{ X }}", "[X]"))) == std::vector<std::string>{"X"});
}

TEST_CASE("I23 compose has one to four entries, each once and a name") {
  const auto* const compose = GENERATE("[]",
                                       "[A, B, C, D, E]",
                                       "[A, A]",
                                       "[A, \"\"]",
                                       "[A, ~]",
                                       "[\"a b\"]",
                                       "{}",
                                       "{a: A, b: A}",
                                       "A",
                                       "{1a: A}",
                                       "[[A]]",
                                       "{a: [A]}");
  INFO(compose);
  CHECK_FALSE(errors_of(composite("{{ 'x' }}", compose)).empty());
  CHECK(errors_of(composite("{{ A }}", "{A: X, A: Y}")).find("'A' is repeated") !=
        std::string::npos);
}

TEST_CASE("I24 compose may have four entries") {
  CHECK(needs_of(accepted(composite("{{ A + B + C + D }}", "[A, B, C, D]"))).size() == 4);
}

TEST_CASE("compose may give its secrets other names") {
  CHECK(needs_of(accepted(
            composite("{{ user }}:{{ token }}", "{ user: JIRA-EMAIL, token: JIRA-TOKEN }"))) ==
        std::vector<std::string>{"JIRA-EMAIL", "JIRA-TOKEN"});
}

TEST_CASE("I25 compose cannot name a secret that is composed itself") {
  const auto text = composite("{{ X }}", "[X]") +
                    "  X:\n    placeholder: other-PLACEHOLDER-0123456789\n"
                    "    inject: { header: A, template: \"{{ Y }}\" }\n    compose: [Y]\n"
                    "    bindings: [ { host: a.b } ]\n";
  CHECK(errors_of(text).find("'X' has a `compose` of its own") != std::string::npos);
  CHECK(errors_of(composite("{{ K }}", "[K]")).find("'K' has a `compose` of its own") !=
        std::string::npos);
}

TEST_CASE("F10 a name may be a secret of its own and a part") {
  const auto text = composite("{{ X + Y }}", "[X, Y]") +
                    "  X:\n    placeholder: other-PLACEHOLDER-0123456789\n"
                    "    inject: { header: A, format: \"{X}\" }\n    bindings: [ { host: a.b } ]\n";
  CHECK(accepted(text).rules.size() == 2);
}

TEST_CASE("I26 an error of a template has its line and column") {
  CHECK(errors_of(composite("Basic {{ Y }}", "[X]"))
            .find("4:58 `template`: 'Y' is not in `compose`; there are: 'X'") == 0);
  CHECK(errors_of(composite("{{ X | upper }}", "[X]"))
            .find("4:56 `template`: 'upper' is no filter") == 0);
  CHECK(errors_of(composite("{{ X", "[X]")).find("`template`: this expression does not end") !=
        std::string::npos);
  // In a block scalar the place is that of the value.
  CHECK(errors_of(
            "secrets:\n  K:\n    placeholder: " + test::kPlaceholder +
            "\n    inject:\n      header: A\n      template: |\n        {{ Y }}\n    compose: [X]\n"
            "    bindings: [ { host: a.b } ]\n")
            .find("6:17 `template`: 'Y'") == 0);
}

TEST_CASE("J26 a part cannot have the name of a helper") {
  CHECK(errors_of(composite("{{ 'x' }}", "[totp]")).find("is the name of a helper") !=
        std::string::npos);
  CHECK(errors_of(composite("{{ 'x' }}", "{ sha256: X }")).find("is the name of a helper") !=
        std::string::npos);
  CHECK(errors_of(composite("{{ seed }}", "{ seed: totp }")).empty());
}

TEST_CASE("a part that the template does not use is warned of") {
  CHECK(warnings_of(composite("{{ X }}", "[X, Y]")).find("does not use 'Y'") != std::string::npos);
  CHECK(warnings_of(composite("{{ X }}", "[X]")).empty());
}

TEST_CASE("a number or a word of YAML is taken as text where text is due") {
  CHECK(accepted(with_inject("{ header: yes, format: \"{K}\" }")).rules[0].placement().name() ==
        "yes");
  CHECK_FALSE(errors_of(with_inject("{ header: ~, format: \"{K}\" }")).empty());
  CHECK_FALSE(errors_of(with_inject("{ header: [A], format: \"{K}\" }")).empty());
  CHECK_FALSE(errors_of(with_inject("text")).empty());
}

TEST_CASE("`inject` needs its header") {
  CHECK(errors_of(with_inject("{ format: \"{K}\" }")).find("`header` is missing in `inject`") !=
        std::string::npos);
}

}  // namespace keyswap::bindings
