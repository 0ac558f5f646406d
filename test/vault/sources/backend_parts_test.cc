// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/backend_parts.h"

#include "proxy/base/bytes.h"
#include "test/vault/sources/backend_support.h"

namespace keyswap::vault {

namespace {

using namespace backend;  // NOLINT(google-build-using-namespace): this file's own words

std::string text_of(const base::Result<Secret>& secret) {
  REQUIRE(secret);
  return std::string(secret->reveal());
}

Secret locked(std::string_view bytes) {
  REQUIRE(lock_memory());
  auto secret = Secret::copy_of(bytes);
  REQUIRE(secret);
  return std::move(*secret);
}

Ending of_status(int status) {
  CallAnswer answer;
  answer.status = status;
  return ending(fail_of_status(answer));
}

std::string picked_of(std::string_view value, std::string_view field) {
  const auto part = picked(locked(value), field);
  const auto* failed = std::get_if<Failed>(&part);
  return failed != nullptr ? "!" + failed->outcome : std::string(std::get<Secret>(part).reveal());
}

}  // namespace

TEST_CASE("what a source is opened with is an entry, a file, or systemd's") {
  CHECK(as<ReadEntry>(read_own("BWS_TOKEN")).name.text() == "BWS_TOKEN");
  CHECK(as<ReadFile>(read_own("/run/bws")).path == "/run/bws");
  CHECK_FALSE(as<ReadFile>(read_own("/run/bws")).is_mounted);
  CHECK(as<ReadFile>(read_own("credential:bws")).path == "credential:bws");
  CHECK(ending(read_own("")) == Ending{FetchFault::unavailable, "credential_missing"});
}

TEST_CASE("M13 an address of ours is https, or http to this machine by its number") {
  for (const auto* const good : {"https://vault.corp.example",
                                 "https://vault.corp.example:8200/v",
                                 "http://127.0.0.1:8200",
                                 "http://127.0.0.1",
                                 "http://[::1]:8200/x",
                                 "https://[2001:db8::1]:8200"}) {
    INFO(good);
    CHECK(check_base_url(good) == nullptr);
  }
  for (const auto* const bad : {"",
                                "vault.corp.example",
                                "http://vault.corp.example",
                                "http://localhost:8200",
                                "http://127.0.0.1.example.com",
                                "http://127.0.0.1@example.com",
                                "https://",
                                "https:///x",
                                "https://:8200",
                                "https://user@host",
                                "https://host/?a",
                                "https://host/#a",
                                "https://host/%2e",
                                "https://host/a b",
                                "ftp://host"}) {
    INFO(bad);
    CHECK(check_base_url(bad) != nullptr);
  }
}

TEST_CASE("words stand in a path as they are, and lead nowhere else") {
  CHECK(check_word("team-a_1.x") == nullptr);
  CHECK(check_words("team-a") == nullptr);
  CHECK(check_words("team-a/kv/x") == nullptr);
  for (const auto* const bad : {"", "..", ".", "a b", "a%2f", "a?b", "a\r\nb"}) {
    INFO(bad);
    CHECK(check_word(bad) != nullptr);
    CHECK(check_words(bad) != nullptr);
  }
  for (const auto* const bad : {"/a", "a/", "a//b", "a/../b", "/"}) {
    INFO(bad);
    CHECK(check_words(bad) != nullptr);
  }
}

TEST_CASE("a status is told as what it means for who waits") {
  CHECK(of_status(401) == Ending{FetchFault::auth_lost, "unauthorized"});
  CHECK(of_status(403) == Ending{FetchFault::not_found, "forbidden"});
  CHECK(of_status(404) == Ending{FetchFault::not_found, "not_found"});
  CHECK(of_status(400) == Ending{FetchFault::bad_answer, "refused"});
  CHECK(of_status(301) == Ending{FetchFault::bad_answer, "redirect"});
  CHECK(of_status(408) == Ending{FetchFault::unavailable, "server_error"});
  CHECK(of_status(429) == Ending{FetchFault::unavailable, "rate_limited"});
  CHECK(of_status(503) == Ending{FetchFault::unavailable, "server_error"});
}

TEST_CASE("what fails on this machine is not told as the network's fault, or as the source's") {
  const auto of_error = [](base::Errc code) {
    return ending(fail_of({code, "it failed"}));
  };
  CHECK(of_error(base::Errc::network) == Ending{FetchFault::unavailable, "network"});
  CHECK(of_error(base::Errc::invalid_input) == Ending{FetchFault::bad_answer, "malformed"});
  for (const auto code : {base::Errc::io, base::Errc::corrupt, base::Errc::locked}) {
    CHECK(of_error(code) == Ending{FetchFault::unavailable, "unavailable"});
  }
  Answer damaged = base::Error{base::Errc::corrupt, "a vault that is damaged"};
  CHECK(ending(Step(std::get<Failed>(read_own_value(damaged)))) ==
        Ending{FetchFault::unavailable, "unavailable"});
}

TEST_CASE("forms and JSON keep a secret whole, whatever is in it") {
  REQUIRE(lock_memory());
  CHECK(text_of(form_of({{"a", "x y&z=+%"}, {"b", ""}})) == "a=x%20y%26z%3D%2B%25&b=");
  CHECK(text_of(json_string_of("a\"b\\c\n\x01é")) == "\"a\\\"b\\\\c\\u000a\\u0001é\"");
  CHECK(text_of(joined({"a", "", "b"})) == "ab");
  CHECK(text_of(bearer_of("abc")) == "Bearer abc");
  for (const auto* const bad : {"", "a b", "a\r\nX: y", "a\x7f", "é"}) {
    CHECK_FALSE(bearer_of(bad));
  }
}

TEST_CASE("base64 is strict, and its bytes are locked") {
  REQUIRE(lock_memory());
  CHECK(text_of(decoded_base64("c2stbGl2ZQ==")) == "sk-live");
  for (std::size_t size = 0; size < 9; ++size) {
    const std::string bytes = std::string("\xff\x00\x7fsk-liv\xfb", 10).substr(0, size);
    CHECK(text_of(base64_of(bytes)) == base::to_base64(bytes));
    CHECK(text_of(decoded_base64(base::to_base64(bytes))) == bytes);
  }
  for (const auto* const bad : {"c2stbGl2ZQ", "c2stbGl2ZQ=", "c2st bGl2", "c2stbGl2ZR=="}) {
    INFO(bad);
    CHECK_FALSE(decoded_base64(bad));
  }
}

TEST_CASE("a key's segments stay what they are in a path") {
  CHECK(in_path("a/b?c#d%é") == "a%2Fb%3Fc%23d%25%C3%A9");
  CHECK(in_paths("team a/openai/") == "team%20a/openai/");
}

TEST_CASE("a path below leads nowhere else") {
  for (const auto* const good : {"a", "team a/openai", "a/..b/c."}) {
    CHECK(is_path_below(good));
  }
  for (const auto* const bad : {"", "/", "/a", "a/", "a//b", "a/../b", "..", "./a", "a/."}) {
    INFO(bad);
    CHECK_FALSE(is_path_below(bad));
  }
}

TEST_CASE("a field of a value: its text, or a number as it is written") {
  CHECK(picked_of("whole", "") == "whole");
  CHECK(picked_of(R"({"user":"u","password":"p\u0021"})", "password") == "p!");
  CHECK(picked_of(R"({"port":5432,"tls":true})", "port") == "5432");
  CHECK(picked_of(R"({"port":5432,"tls":true})", "tls") == "true");
  CHECK(picked_of(R"({"a":null})", "a") == "!no_text");
  CHECK(picked_of(R"({"a":{}})", "a") == "!no_text");
  CHECK(picked_of(R"({"a":""})", "b") == "!no_such_field");
  CHECK(picked_of("[1]", "a") == "!no_fields");
  CHECK(picked_of("text", "a") == "!no_fields");
}

TEST_CASE("a file's line end is no part of what a source is opened with") {
  const auto read = [](std::string_view text, std::string version = "") {
    Answer answer = EntryAnswer{locked(text), std::move(version)};
    const auto value = read_own_value(answer);
    return std::string(std::get<Secret>(value).reveal());
  };
  CHECK(read("abc\n") == "abc");
  CHECK(read("abc\r\n") == "abc");
  CHECK(read("abc\n\n") == "abc\n");
  CHECK(read("abc") == "abc");
  CHECK(read("the DER of a key\n", "1") == "the DER of a key\n");  // an entry of the vault
}

}  // namespace keyswap::vault
