// SPDX-License-Identifier: Apache-2.0
#include "bindings/signing_parts.h"

#include <catch2/catch.hpp>

#include "test/bindings/support.h"

namespace keyswap::bindings {

TEST_CASE("time is written in seconds, in milliseconds, and as ISO 8601 in UTC") {
  constexpr std::int64_t kNow = 1'700'000'000'123'999;
  CHECK(time_text(TimeUnit::s, kNow) == "1700000000");
  CHECK(time_text(TimeUnit::ms, kNow) == "1700000000123");
  CHECK(time_text(TimeUnit::iso, kNow) == "2023-11-14T22:13:20.123Z");
  CHECK(time_text(TimeUnit::iso, 951'782'400'000'000) == "2000-02-29T00:00:00.000Z");
}

TEST_CASE("digits are one at least, and nothing else") {
  CHECK(is_digits("0123456789"));
  for (const auto* const text : {"", "1 ", "-1", "1.0", "\xd9\xa1"}) {
    CHECK_FALSE(is_digits(text));
  }
}

TEST_CASE("a target is its path and its query, which may be empty or not there") {
  CHECK(split_target("/a?b=1?c").query == "b=1?c");
  CHECK(split_target("/a").path == "/a");
  CHECK_FALSE(split_target("/a").has_query);
  CHECK(split_target("/a?").has_query);
}

TEST_CASE("F29: a parameter is found by its decoded name, and one that differs in case is told") {
  const auto count = count_parameter("a=1&%61=2&A=3&b=a&&a", "a");
  CHECK(count.same == 3);
  CHECK(count.alike == 1);
  CHECK(count_parameter("", "a").same == 0);
  CHECK(count_parameter("recv+window=1", "recv window").same == 1);
}

TEST_CASE("what is no escape stays as it is") {
  CHECK(url_decoded("a%2") == "a%2");
  CHECK(url_decoded("%zz%41+%") == "%zzA %");
}

TEST_CASE("F29: where escapes must be escapes, what is none is not decoded") {
  CHECK(strictly_url_decoded("%41+%2f%25") == "A /%");
  CHECK(strictly_url_decoded("") == "");
  for (const auto* const text : {"%", "%4", "a%2", "%zz", "%41%4g", "%%41"}) {
    INFO(text);
    CHECK_FALSE(strictly_url_decoded(text).has_value());
  }
}

TEST_CASE("a parameter is taken out or changed in its place; the others keep order and bytes") {
  CHECK(without_parameter("b=%20&sig=1&a=+", "sig") == "b=%20&a=+");
  CHECK(without_parameter("sig=1", "sig").empty());
  CHECK(without_parameter("a=1&&b=2&", "sig") == "a=1&&b=2&");
  CHECK(with_value("a=1&nonce=2&b=3", "nonce", "9") == "a=1&nonce=9&b=3");
  CHECK(with_value("a=1", "nonce", "9") == "a=1");
  std::string pairs;
  append_parameter(pairs, "a", "1");
  append_parameter(pairs, "b", "2");
  CHECK(pairs == "a=1&b=2");
}

TEST_CASE("a value that cannot stand in a header line is not set", "[I9]") {
  REQUIRE(vault::lock_memory().has_value());
  for (const std::string value : {"", "a\r\nb", " a", "a ", "\x7f"}) {
    Edits edits;
    CHECK(set_field(edits, "x-key", value).error().code == base::Errc::invalid_input);
    CHECK(edits.begin() == edits.end());
  }
  Edits edits;
  CHECK(set_field(edits, "x-key", "a b").has_value());
}

TEST_CASE("only a body that says so, and is not compressed, is a form") {
  const auto is = [](const std::vector<http::Field>& list) {
    http::HeaderList fields;
    for (const auto& field : list) {
      fields.add(field.name, field.value);
    }
    return is_form({"POST", "/", "h", fields, "a=1"});
  };
  CHECK(is({{"content-type", "Application/X-WWW-Form-URLencoded ; charset=UTF-8"}}));
  CHECK_FALSE(is({}));
  CHECK_FALSE(is({{"content-type", "application/json"}}));
  CHECK_FALSE(is({{"content-type", "application/x-www-form-urlencoded"},
                  {"content-type", "application/json"}}));
  CHECK_FALSE(
      is({{"content-type", "application/x-www-form-urlencoded"}, {"content-encoding", "gzip"}}));
}

}  // namespace keyswap::bindings
