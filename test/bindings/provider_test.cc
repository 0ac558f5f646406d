// SPDX-License-Identifier: Apache-2.0
#include "bindings/provider.h"

#include <catch2/catch.hpp>

#include "bindings/yaml_write.h"
#include "test/bindings/support.h"

namespace keyswap::bindings {

namespace {

const std::string kBody =
    "docs: https://example.com/docs\n"
    "key: [\"sk-{40:b62}\"]\n"
    "env: [EXAMPLE_KEY]\n"
    "secret:\n"
    "  inject: { header: Authorization, format: \"Bearer {secret}\" }\n"
    "  bindings:\n"
    "    - { host: api.example.com, methods: [GET], paths: [\"/v1/**\"] }\n";
const std::string kGood = "title: Example\n" + kBody;

std::string errors_in(const std::string& yaml) {
  return test::listed(parse_provider("example", yaml).errors);
}

Provider good(const std::string& yaml) {
  auto parsed = parse_provider("example", yaml);
  INFO(test::listed(parsed.errors));
  REQUIRE(parsed.errors.empty());
  return std::move(parsed.provider);
}

std::string with_host(const std::string& host, const std::string& where = "\"{host}\"") {
  return "title: Example\ndocs: https://example.com\n" + host +
         "secret:\n  inject: { header: A, format: \"{secret}\" }\n  bindings: [ { host: " + where +
         " } ]\n";
}

}  // namespace

TEST_CASE("a provider is read whole") {
  const auto provider =
      good(kGood + "notes: for you\nparts: [ { suffix: SECRET, title: secret } ]\n");
  CHECK(provider.name == "example");
  CHECK(provider.title == "Example");
  CHECK(provider.docs == "https://example.com/docs");
  REQUIRE(provider.shapes.size() == 1);
  CHECK(provider.shapes[0].source == "sk-{40:b62}");
  CHECK(provider.variables == std::vector<std::string>{"EXAMPLE_KEY"});
  CHECK(provider.notes == "for you");
  REQUIRE(provider.parts.size() == 1);
  CHECK(part_name(provider.parts[0], "MY_KEY") == "MY_KEY_SECRET");
  CHECK_FALSE(provider.host.has_value());
  CHECK(test::listed(try_provider(provider, {}).errors).empty());
}

TEST_CASE("the entry is what the provider says, with the placeholder declared a stand-in") {
  const auto provider = good(
      "title: E\ndocs: https://e.example\nhost: { example: a.example.com }\n"
      "secret:\n  inject: { type: okx, api_key: \"{name}\", api_secret: \"{name}_SECRET\" }\n"
      "  bindings: [ { host: \"{host}\" } ]\n");
  CHECK(block_text(entry_of(provider, {"MY_KEY", "p", "b.example.com"}), 0) ==
        "placeholder: \"p\"\n"
        "stand_in: true\n"
        "inject: { type: okx, api_key: \"MY_KEY\", api_secret: \"MY_KEY_SECRET\" }\n"
        "bindings:\n"
        "  - { host: \"b.example.com\" }\n");
}

TEST_CASE("a mistake in a provider is said at its place") {
  CHECK(errors_in("title: Example\n" + kBody + "hsot: 1\n") ==
        "9:1 'hsot' is no key of `provider` | did you mean 'host'?\n");
  CHECK(errors_in(kBody).find("`title` is missing in `provider`") != std::string::npos);
  CHECK(errors_in("title: E\ndocs: http://x\nsecret: { inject: {}, bindings: [] }\n") ==
        "2:7 `docs` is the https URL of the vendor's page | \n");
  CHECK(errors_in("title: E\ndocs: https://x\n").find("`secret` is missing") != std::string::npos);
  CHECK(errors_in("title: E\ndocs: https://x\nsecret: { inject: {} }\n")
            .find("`bindings` is missing in `secret`") != std::string::npos);
  CHECK(errors_in(kGood + "parts: [ { suffix: secret, title: x } ]\n")
            .find("`suffix` consists of upper-case letters") != std::string::npos);
  CHECK(errors_in("title: E\ndocs: https://x\nkey: [\"a{1:b99}\"]\nenv: [lower]\n"
                  "secret: { inject: {}, bindings: [] }\n") ==
        "3:7 braces in a shape are like {20:b62} or {10-13:digit}, of at most 2000 characters | "
        "keyswap help providers has the language\n"
        "4:7 an entry of `env` is a variable's name, like OPENAI_API_KEY | \n");
  CHECK(errors_in("title: [\n").find("YAML") != std::string::npos);
}

TEST_CASE("what a provider would write is held against the bindings' own rules") {
  const auto provider = good(
      "title: E\ndocs: https://x\nsecret:\n  inject: { header: Host, format: \"{secret}\" }\n"
      "  bindings: [ { host: api.example.com, method: GET } ]\n");
  const auto issues = test::listed(try_provider(provider, {}).errors);
  CHECK(issues.find("under `secret`: ") != std::string::npos);
  CHECK(issues.find("'method' is no key of `bindings`") != std::string::npos);
}

TEST_CASE("a host of the customer's own stands where the provider asks for it, and only there") {
  CHECK(errors_in(with_host("host: { example: a.example.com }\n")).empty());
  CHECK(errors_in(with_host("")).find("{host} stands in `secret`") != std::string::npos);
  CHECK(errors_in(with_host("host: { example: a.example.com }\n", "b.example.com"))
            .find("{host} stands in `secret`") != std::string::npos);
  CHECK(errors_in(with_host("host: { usual: a.example.com }\n")).find("`example` is missing") !=
        std::string::npos);
  CHECK(errors_in(with_host("host: { example: a.b.com, within: [example.com] }\n"))
            .find("it is not below example.com") != std::string::npos);
}

TEST_CASE("only a host below the provider's own domains is taken", "[I5]") {
  const ProviderHost host{"a.example.com", "", {"example.com", "example.net"}};
  CHECK(host_problem(host, "b.example.com").empty());
  CHECK(host_problem(host, "B.C.Example.NET").empty());
  for (const char* text : {"evil-example.com",
                           "example.com.evil.test",
                           "*.example.com",
                           "https://a.example.com",
                           "a.example.com/x",
                           "",
                           "a b.example.com"}) {
    INFO(text);
    CHECK_FALSE(host_problem(host, text).empty());
  }
  CHECK(host_problem({"git.example.com", "", {}}, "git.example.org:8443").empty());
}

TEST_CASE("a provider's name is a plain word") {
  CHECK(is_provider_name("azure-openai"));
  for (const char* text : {"", "-a", "A", "a_b", "../a", "a/b", "a.b"}) {
    CHECK_FALSE(is_provider_name(text));
  }
  CHECK_FALSE(is_provider_name(std::string(65, 'a')));
}

}  // namespace keyswap::bindings
