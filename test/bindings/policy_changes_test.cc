// SPDX-License-Identifier: Apache-2.0
#include "bindings/policy_changes.h"

#include "test/bindings/support.h"

namespace keyswap::bindings {

namespace {

using Lines = std::vector<std::string>;

Lines changes(const std::string& before, const std::string& after) {
  const PolicyText old_text{before, {}};
  const PolicyText new_text{after, {}};
  const Bindings old_bindings = test::accepted(before);
  const Bindings new_bindings = test::accepted(after);
  return policy_changes({old_text, &old_bindings}, {new_text, &new_bindings});
}

bool says(const Lines& lines, const std::string& line) {
  return std::ranges::find(lines, line) != lines.end();
}

std::string binding(const std::string& rest) {
  return test::with_binding("{ host: api.example.com" + rest + " }");
}

}  // namespace

TEST_CASE("a policy that did not change has no changes", "[I17]") {
  CHECK(changes(binding(""), binding("")).empty());
}

TEST_CASE("a host that is added is said in words, and as a line", "[I17]") {
  const std::string before = binding(", methods: [GET]");
  const std::string after = test::with_binding(
      "{ host: api.example.com, methods: [GET] }, "
      "{ host: gist.example.com, methods: [POST] }");
  const Lines said = changes(before, after);
  CHECK(said.front() == "now also: K may go to gist.example.com, POST, any path");
  CHECK(says(said, "lines of bindings.yaml:"));
  CHECK(std::ranges::count_if(said, [](const auto& line) { return line.starts_with("  + "); }) ==
        1);
  CHECK(changes(after, before).front() ==
        "no longer: K may go to gist.example.com, POST, any path");
}

TEST_CASE("a listener in an upstream's place is said in words", "[I17]") {
  const Lines said = changes(
      binding(""),
      test::with_top("upstream: { resolve: { \"api.example.com:443\": \"127.0.0.1:1\" } }\n"));
  CHECK(said.front() == "now also: upstream.resolve sends api.example.com:443 to 127.0.0.1:1");
}

TEST_CASE("placeholders that change places are told with both secrets' names", "[I17]") {
  const auto yaml = [](const std::string& one, const std::string& other) {
    const auto entry = [](const std::string& name, const std::string& placeholder) {
      return "  " + name + ":\n    placeholder: \"" + placeholder +
             "\"\n    inject: { header: Authorization, format: \"Bearer {secret}\" }\n"
             "    bindings: [ { host: api.example.com } ]\n";
    };
    return "secrets:\n" + entry("READS", one) + entry("ADMIN", other);
  };
  const std::string first = "sk-PLACEHOLDER-0123456789abcdef";
  const std::string second = "sk-PLACEHOLDER-fedcba9876543210";
  const Lines said = changes(yaml(first, second), yaml(second, first));
  CHECK(says(said, "now also: READS is meant by " + second));
  CHECK(says(said, "now also: ADMIN is meant by " + first));
  CHECK(says(said, "no longer: ADMIN is meant by " + second));
  CHECK(says(said, "    2:   READS:"));
  CHECK(says(said, "  + 3:     placeholder: \"" + second + "\""));
  CHECK(says(said, "    6:   ADMIN:"));
  CHECK(says(said, "  - 7:     placeholder: \"" + second + "\""));
}

TEST_CASE("limits that change places are told with what they limit", "[I17]") {
  const auto yaml = [](const std::string& one, const std::string& other) {
    return test::with_binding(
        "{ host: api.example.com, paths: [\"/one\"], quota: { requests: " + one +
        ", per: day } }, { host: api.example.com, paths: [\"/other\"], "
        "quota: { requests: " +
        other + ", per: day } }");
  };
  const Lines said = changes(yaml("5", "900"), yaml("900", "5"));
  CHECK(says(said, "now also: K to api.example.com, any method, /one: at most 900 requests a day"));
  CHECK(says(said, "no longer: K to api.example.com, any method, /one: at most 5 requests a day"));
  CHECK(says(said, "now also: K to api.example.com, any method, /other: at most 5 requests a day"));
}

TEST_CASE("what words do not tell, the lines tell", "[I17]") {
  const Lines said = changes(binding(""), binding(", response_timeout: 5s"));
  REQUIRE(said.size() == 5);
  CHECK(said[0] == "lines of bindings.yaml:");
  CHECK(said[1].ends_with(": secrets:"));
  CHECK(said[2].ends_with(":   K:"));
  CHECK(said[3].starts_with("  - "));
  CHECK(said[4].find("response_timeout: 5s") != std::string::npos);
}

TEST_CASE("lines in another order, and an end without a line feed, are changes", "[I17]") {
  const PolicyText one{"a\nb\n", {}};
  const PolicyText swapped{"b\na\n", {}};
  const PolicyText without{"a\nb", {}};
  CHECK(policy_changes({one, nullptr}, {swapped, nullptr}) ==
        Lines{"lines of bindings.yaml:", "  - 1: a", "  + 2: a"});
  CHECK(policy_changes({one, nullptr}, {without, nullptr}).size() == 3);
}

TEST_CASE("other roots in the same file are a change", "[I17]") {
  const std::string yaml = test::with_top("upstream: { ca_file: roots.pem }\n");
  const Bindings bindings = test::accepted(yaml);
  const PolicyText before{yaml, {"one"}};
  const PolicyText after{yaml, {"another"}};
  const Lines said = policy_changes({before, &bindings}, {after, &bindings});
  REQUIRE(said.size() == 1);
  CHECK(said.front().starts_with("other roots: " + test::kFolder + "/roots.pem has the SHA-256 "));
}

TEST_CASE("any byte that differs is told", "[I17]") {
  const std::string yaml = binding(", methods: [GET]");
  const PolicyText before{yaml, {"roots"}};
  for (std::size_t i = 0; i < yaml.size(); ++i) {
    PolicyText after = before;
    after.bindings[i] = after.bindings[i] == 'x' ? 'y' : 'x';
    CHECK_FALSE(policy_changes({before, nullptr}, {after, nullptr}).empty());
  }
}

}  // namespace keyswap::bindings
