// SPDX-License-Identifier: Apache-2.0
#include "bindings/template.h"

#include <catch2/catch.hpp>

#include "test/bindings/support.h"

namespace keyswap::bindings {

namespace {

using Values = std::vector<std::pair<std::string, std::string>>;

std::vector<std::string> names_of(const Values& values) {
  std::vector<std::string> names;
  for (const auto& [name, value] : values) {
    names.push_back(name);
  }
  return names;
}

// The error's text, or "" if it compiles.
std::string problem(const std::string& source,
                    const std::vector<std::string>& parts = {"X", "K", "M"}) {
  const auto compiled = Template::compile(source, parts);
  const auto* const error = std::get_if<TemplateError>(&compiled);
  return error == nullptr ? "" : error->text;
}

std::size_t problem_offset(const std::string& source) {
  const auto compiled = Template::compile(source, std::vector<std::string>{"X"});
  REQUIRE(std::holds_alternative<TemplateError>(compiled));
  return std::get<TemplateError>(compiled).offset;
}

base::Result<std::string> rendered(const std::string& source,
                                   const Values& values,
                                   std::int64_t now_s = 0) {
  REQUIRE(vault::lock_memory().has_value());
  const auto compiled = Template::compile(source, names_of(values));
  if (const auto* const error = std::get_if<TemplateError>(&compiled)) {
    FAIL("does not compile: " << error->text);
  }
  std::vector<std::string_view> views;
  for (const auto& [name, value] : values) {
    views.emplace_back(value);
  }
  const auto secret = std::get<Template>(compiled).render(views, now_s);
  if (!secret) {
    return secret.error();
  }
  return std::string(secret->reveal());
}

std::string text_of(const std::string& source, const Values& values = {}, std::int64_t now_s = 0) {
  const auto text = rendered(source, values, now_s);
  REQUIRE(text.has_value());
  return *text;
}

}  // namespace

TEST_CASE("J01 a part stands for its value") {
  CHECK(text_of("Bearer {{ T }}", {{"T", "abc123"}}) == "Bearer abc123");
}

TEST_CASE("J02 plus joins parts and strings") {
  CHECK(text_of("{{ U + ':' + K }}", {{"U", "alice"}, {"K", "secret"}}) == "alice:secret");
  CHECK(text_of("{{U+\":\"+K}}", {{"U", "alice"}, {"K", "secret"}}) == "alice:secret");
}

TEST_CASE("J13 filters chain from left to right and bind tighter than plus") {
  CHECK(text_of("{{ X | b64encode | sha256 }}", {{"X", "hello"}}) ==
        "333d6b3a3c1f5db6c9bdda5939b136986d170f4649172a68368d54ecb44c2ff2");
  CHECK(text_of("{{ 'a' + X | b64encode }}", {{"X", "foo"}}) == "aZm9v");
  CHECK(text_of("{{ ('a' + X) | b64encode }}", {{"X", "fo"}}) == "YWZv");
}

TEST_CASE("J14 text, comments and raw blocks stand as they are") {
  CHECK(text_of("{{ 'Token ' + K }}", {{"K", "v"}}) == "Token v");
  CHECK(text_of("a {{ K }} b {{ K }} c", {{"K", "v"}}) == "a v b v c");
  CHECK(text_of("a{# not {{ K }} this #}b{{ K }}", {{"K", "v"}}) == "abv");
  CHECK(text_of("{% raw %}{{ K }} {# }} {% x %}{% endraw %}{{ K }}", {{"K", "v"}}) ==
        "{{ K }} {# }} {% x %}v");
  CHECK(text_of("  a {{- K -}}  b", {{"K", "v"}}) == "  avb");
  CHECK(text_of("a {#- c -#} b") == "ab");
  CHECK(text_of("a {%- raw -%} r {%- endraw -%} b") == "arb");
  CHECK(text_of("{\"a\":{\"b\":\"{{ K }}\"}}", {{"K", "v"}}) == "{\"a\":{\"b\":\"v\"}}");
  CHECK(text_of("Bearer {{ K }}\n", {{"K", "v"}}) == "Bearer v");
}

TEST_CASE("J14 neighbouring strings are one, and escapes mean what they mean elsewhere") {
  CHECK(text_of("{{ 'a' \"b\" }}") == "ab");
  CHECK(text_of(R"({{ 'it\'s' + "\x41\u00fc\\\n" }})") == "it'sA\xC3\xBC\\\n");
  CHECK(problem(R"({{ '\q' }})").find("unknown escape") != std::string::npos);
  CHECK(problem(R"({{ '\ud800' }})").find("unknown escape") != std::string::npos);
  CHECK(problem(R"({{ '\x4)").find("unknown escape") != std::string::npos);
  CHECK(problem("{{ 'abc }}").find("does not end") != std::string::npos);
}

TEST_CASE("J15 nothing is escaped for HTML") {
  CHECK(text_of("{{ X }}", {{"X", "<>&\"'"}}) == "<>&\"'");
}

TEST_CASE("J16 an unknown part, filter or function is refused with what there is") {
  CHECK(problem("{{ Y }}") == "'Y' is not in `compose`; there are: 'X', 'K', 'M'");
  CHECK(problem("{{ X | upper }}").find("'upper' is no filter; there are: b64encode") == 0);
  CHECK(problem("{{ range('3') }}").find("'range' is no function; there are: hmac_sha1") == 0);
}

TEST_CASE("J17 a filter is no function and a function is no part") {
  CHECK_FALSE(problem("{{ sha256(X) }}").empty());
  CHECK_FALSE(problem("{{ totp }}").empty());
  CHECK_FALSE(problem("{{ b64encode }}").empty());
  CHECK_FALSE(problem("{{ X | totp }}").empty());
  CHECK_FALSE(problem("{{ X | hmac_sha1(K) }}").empty());
}

TEST_CASE("J18 constants other than strings are refused") {
  const auto* const constant =
      GENERATE("1", "1.5", ".5", "true", "True", "false", "none", "None", "[]", "{}", "()");
  INFO(constant);
  CHECK_FALSE(problem("{{ " + std::string(constant) + " }}").empty());
  CHECK_FALSE(problem("{{ X + " + std::string(constant) + " }}").empty());
}

TEST_CASE("J19 arguments have no names and are not unpacked") {
  CHECK_FALSE(problem("{{ hmac_sha256(key=K, msg=M) }}").empty());
  CHECK_FALSE(problem("{{ hmac_sha256(K, M=M) }}").empty());
  CHECK_FALSE(problem("{{ hmac_sha256(*X) }}").empty());
  CHECK_FALSE(problem("{{ hmac_sha256(**X) }}").empty());
  CHECK_FALSE(problem("{{ X | sha256(K=K) }}").empty());
}

TEST_CASE("J20 every helper takes exactly its arguments") {
  for (const auto& helper : template_helpers()) {
    INFO(helper.name);
    const bool is_filter = helper.use == TemplateHelper::Use::filter;
    for (std::size_t given = 0; given < 5; ++given) {
      std::string arguments;
      for (std::size_t i = 0; i < given; ++i) {
        arguments += i == 0 ? "X" : ", X";
      }
      const auto call = std::string(helper.name) + "(" + arguments + ")";
      const auto source = is_filter ? "{{ X | " + call + " }}" : "{{ " + call + " }}";
      const auto wanted = is_filter ? helper.arguments - 1 : helper.arguments;
      CHECK(problem(source).empty() == (given == wanted));
    }
  }
}

TEST_CASE("J21 blocks and conditions are refused") {
  const auto* const source = GENERATE("{% if X %}a{% endif %}",
                                      "{% for a in X %}{% endfor %}",
                                      "{% set Y = X %}",
                                      "{% macro m() %}{% endmacro %}",
                                      "{% block b %}{% endblock %}",
                                      "{% include 'x' %}",
                                      "{% extends 'x' %}",
                                      "{% import 'x' as y %}",
                                      "{% from 'x' import y %}",
                                      "{{ X if X else K }}",
                                      "{% raw %} never ends",
                                      "{%",
                                      "{% %}");
  INFO(source);
  CHECK_FALSE(problem(source).empty());
}

TEST_CASE("J22 operators other than plus are refused") {
  const auto* const expression = GENERATE("X * K",
                                          "X / K",
                                          "X % K",
                                          "X ** K",
                                          "X - K",
                                          "X // K",
                                          "X ~ K",
                                          "-X",
                                          "+X",
                                          "X == K",
                                          "X < K",
                                          "X and K",
                                          "X or K",
                                          "not X",
                                          "X is defined",
                                          "X in K",
                                          "X, K",
                                          "X + ",
                                          "+ X +",
                                          "X K",
                                          "X | ",
                                          "X || sha256");
  INFO(expression);
  CHECK_FALSE(problem("{{ " + std::string(expression) + " }}").empty());
}

TEST_CASE("J24 attributes, subscripts and format filters are refused") {
  const auto* const expression = GENERATE("''.__class__.__mro__[1].__subclasses__()",
                                          "X.upper()",
                                          "X['a']",
                                          "X[0]",
                                          "X[1:2]",
                                          "X | attr('__class__')",
                                          "'%s' | format(X)",
                                          "X | format_map",
                                          "X | xmlattr",
                                          "(X)('a')",
                                          "hmac_sha1(K, M)(X)");
  INFO(expression);
  CHECK_FALSE(problem("{{ " + std::string(expression) + " }}").empty());
}

TEST_CASE("J25 the names of other template languages mean nothing") {
  const auto* const name = GENERATE("namespace",
                                    "range",
                                    "lipsum",
                                    "cycler",
                                    "dict",
                                    "self",
                                    "loop",
                                    "joiner",
                                    "caller",
                                    "config");
  INFO(name);
  CHECK_FALSE(problem("{{ " + std::string(name) + " }}").empty());
  CHECK_FALSE(problem("{{ " + std::string(name) + "() }}").empty());
}

TEST_CASE("J28 unbalanced braces are refused") {
  const auto* const source = GENERATE("{{ X",
                                      "{{ X }",
                                      "{{ X } }",
                                      "{{",
                                      "{{ }}",
                                      "X }}",
                                      "{{ X }}}}",
                                      "{{{ X }}}",
                                      "{# X",
                                      "X #}",
                                      "X %}",
                                      "{{ (X }}",
                                      "{{ X) }}",
                                      "{{ hmac_sha1(K, M }}",
                                      "{{ hmac_sha1(K M) }}",
                                      "{{ ( }}");
  INFO(source);
  CHECK_FALSE(problem(source).empty());
}

TEST_CASE("J29 an empty template and text alone render as they are") {
  CHECK(text_of("").empty());
  CHECK(text_of("just text") == "just text");
  CHECK(text_of("a { b } c % # }") == "a { b } c % # }");
}

TEST_CASE("J30 long sums work and deep nesting is refused without harm") {
  std::string sum = "X";
  for (int i = 0; i < 1000; ++i) {
    sum += "+X";
  }
  CHECK(text_of("{{ " + sum + " }}", {{"X", "a"}}) == std::string(1001, 'a'));
  const std::string deep = "{{ " + std::string(1500, '(') + "X" + std::string(1500, ')') + " }}";
  CHECK(problem(deep).find("nested too deeply") != std::string::npos);
  CHECK(problem("{{ " + std::string(31, '(') + "X" + std::string(31, ')') + " }}").empty());
  CHECK(problem("{{ " + std::string(32, '(') + "X" + std::string(32, ')') + " }}") ==
        "this expression is nested too deeply");
}

TEST_CASE("a template has at most 4096 bytes") {
  CHECK(problem(std::string(4096, 'a')).empty());
  CHECK_FALSE(problem(std::string(4097, 'a')).empty());
}

TEST_CASE("an error says where it is") {
  CHECK(problem_offset("Basic {{ Y }}") == 9);
  CHECK(problem_offset("Basic {{ X | nope }}") == 13);
  CHECK(problem_offset("Basic {{ X * X }}") == 11);
  CHECK(problem_offset("Basic {{ X") == 6);
  CHECK(problem_offset("ab }}") == 3);
}

TEST_CASE("an error quotes no string of the template") {
  CHECK(problem("{{ 'hunter2hunter2' 1 }}").find("hunter2") == std::string::npos);
  CHECK(problem("{{ " + std::string(100, 'a') + " }}").find("aaaa") == std::string::npos);
}

TEST_CASE("a template knows which parts it uses") {
  const std::vector<std::string> parts = {"X", "Y"};
  const auto compiled = Template::compile("{{ Y }}{{ 'X' }}", parts);
  CHECK_FALSE(std::get<Template>(compiled).uses(0));
  CHECK(std::get<Template>(compiled).uses(1));
}

TEST_CASE("F05 an empty part makes rendering fail") {
  const auto result = rendered("{{ U }}:{{ T }}", {{"U", ""}, {"T", "x"}});
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().code == base::Errc::invalid_input);
}

TEST_CASE("values that would need too much locked memory are refused") {
  const std::string big(60'000, 'a');
  CHECK(text_of("{{ X | sha256 }}", {{"X", big}}).size() == 64);
  const auto result = rendered("{{ X | urlencode | urlencode }}", {{"X", big}});
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().code == base::Errc::limit_exceeded);
}

}  // namespace keyswap::bindings
