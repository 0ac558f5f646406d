// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/name_answers.h"

#include <catch2/catch.hpp>

#include "proxy/cli/policy.h"

namespace keyswap::cli {

namespace {

constexpr std::string_view kHead("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00", 12);

// A question with one name, written as labels, of that type.
std::string question(std::string_view labels, char type, char kind = 1) {
  std::string bytes(kHead);
  bytes += labels;
  bytes += std::string{'\0', '\0', type, '\0', kind};
  return bytes;
}

std::string ask(const std::string& bytes, std::string& asked) {
  return answer_question(bytes, [&asked](std::string_view name) {
    asked = name;
    return name == "api.example.test";
  });
}

unsigned code_of(const std::string& answer) {
  return static_cast<unsigned char>(answer.at(3)) & 0xfU;
}

constexpr std::string_view kKnown =
    "\x03"
    "Api\x07"
    "example\x04"
    "test";

}  // namespace

TEST_CASE("a name that may be reached has the loopback's address, and no other") {
  std::string asked;
  const std::string bytes = question(kKnown, 1);
  const std::string answer = ask(bytes, asked);
  CHECK(asked == "api.example.test");
  REQUIRE(answer.size() == bytes.size() + 16);
  CHECK(answer.substr(0, 2) == bytes.substr(0, 2));
  CHECK(code_of(answer) == 0);
  CHECK(answer.substr(4, 8) == std::string("\0\x01\0\x01\0\0\0\0", 8));
  CHECK(answer.substr(12, bytes.size() - 12) == bytes.substr(12));
  CHECK(answer.substr(answer.size() - 4) == std::string("\x7f\0\0\x01", 4));
  for (const char other : {char{28}, char{16}, char{65}}) {  // AAAA, TXT, HTTPS
    const std::string none = ask(question(kKnown, other), asked);
    CHECK(code_of(none) == 0);
    CHECK(none.substr(4, 4) == std::string("\0\x01\0\0", 4));
  }
}

TEST_CASE("a name that nobody may reach is none") {
  std::string asked;
  const std::string answer = ask(question("\x05"
                                          "other\x04"
                                          "test",
                                          1),
                                 asked);
  CHECK(asked == "other.test");
  CHECK(code_of(answer) == 3);
  CHECK(answer.substr(4, 4) == std::string("\0\x01\0\0", 4));
  CHECK(code_of(ask(question(kKnown, 1, 3), asked)) == 3);  // of the class CHAOS
}

TEST_CASE("what is no question gets no answer, and what cannot be read is told") {
  std::string asked;
  CHECK(ask("", asked).empty());
  CHECK(ask("12345678901", asked).empty());
  std::string answered = question(kKnown, 1);
  answered[2] = static_cast<char>(0x81);
  CHECK(ask(answered, asked).empty());
  std::string update = question(kKnown, 1);
  update[2] = 0x28;
  CHECK(code_of(ask(update, asked)) == 4);
  const std::string whole = question(kKnown, 1);
  for (std::size_t size = 12; size < whole.size(); ++size) {
    const std::string answer = ask(whole.substr(0, size), asked);
    CHECK(code_of(answer) == 1);
    CHECK(answer.size() == 12);
  }
  CHECK(code_of(ask(question("\xc0\x0c", 1), asked)) == 1);  // a name that leads to itself
}

TEST_CASE(
    "names that may be reached are those of the bindings, or all where others are forwarded") {
  const auto parsed = [](const std::string& policy) {
    return parse_bindings("version: 1\nunmatched_destination_policy: " + policy + R"(
allow_wildcard_hosts: true
secrets:
  KEY_ONE:
    placeholder: sk-test-PLACEHOLDER-0123456789abcdef
    inject: { header: Authorization, format: "Bearer {KEY_ONE}" }
    bindings: [{ host: "api.example.test:8443" }, { host: "*.wild.test" }]
    capture: [{ host: login.test, paths: [/t], json_pointer: /access_token }]
)",
                          "/");
  };
  const auto closed = parsed("deny");
  REQUIRE(closed.errors.empty());
  CHECK(may_be_reached(closed.bindings, "api.example.test"));
  CHECK(may_be_reached(closed.bindings, "any.wild.test"));
  CHECK(may_be_reached(closed.bindings, "login.test"));
  CHECK_FALSE(may_be_reached(closed.bindings, "wild.test"));
  CHECK_FALSE(may_be_reached(closed.bindings, "example.test"));
  CHECK_FALSE(may_be_reached(closed.bindings, ""));
  const auto open = parsed("forward_unmodified");
  REQUIRE(open.errors.empty());
  CHECK(may_be_reached(open.bindings, "example.test"));
}

}  // namespace keyswap::cli
