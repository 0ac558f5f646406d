// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/cause.h"

#include <algorithm>
#include <cerrno>
#include <set>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"

namespace keyswap::base {
namespace {

constexpr int kLastCause = static_cast<int>(Cause::minting_failed);

TEST_CASE("each cause has a word of its own that reads back, and a sentence without a full stop") {
  std::set<std::string_view> words;
  for (int i = 1; i <= kLastCause; ++i) {
    const auto cause = static_cast<Cause>(i);
    const std::string_view word = to_string(cause);
    INFO(word);
    CHECK_FALSE(word.empty());
    CHECK(word.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string_view::npos);
    CHECK(words.insert(word).second);
    CHECK(parse_cause(word) == cause);
    REQUIRE_FALSE(sentence_of(cause).empty());
    CHECK(sentence_of(cause).back() != '.');
    CHECK_FALSE((is_of_tls(cause) && is_ours(cause)));
  }
  CHECK(to_string(Cause::none).empty());
  CHECK(parse_cause("") == Cause::none);
  CHECK(parse_cause("certificate_expire") == Cause::none);
  CHECK(is_of_tls(Cause::client_certificate_required));
  CHECK_FALSE(is_of_tls(Cause::closed_before_answer));
  CHECK(is_of_client(Cause::client_speaks_tls));
  CHECK(is_of_client(Cause::no_such_page));
  CHECK_FALSE(is_of_client(Cause::secret_timed_out));
  CHECK(is_of_secret(Cause::secret_timed_out));
  CHECK(is_of_secret(Cause::secret_unreadable));
  CHECK_FALSE(is_of_secret(Cause::answer_malformed));
  CHECK_FALSE(is_of_secret(Cause::secret_expired));  // no source is to blame
  CHECK_FALSE(is_of_secret(Cause::client_speaks_tls));
  CHECK_FALSE(is_of_client(Cause::clock_before_ca));
  CHECK_FALSE(is_ours(Cause::no_such_page));
  CHECK(is_ours(Cause::clock_before_ca));
  CHECK(is_ours(Cause::name_not_permitted));
}

TEST_CASE("facts of the other side are printable, without quotes and backslashes [I1]", "[I1]") {
  const std::string facts = Facts()
                                .text("for ", std::string("a\"b\\c\r\n\0d\x7f\xc3\xa9", 11))
                                .number("; at most ", 17, " bytes")
                                .time("; until ", 1'767'225'600)
                                .take();
  CHECK(facts == "for a?b?c???d??; at most 17 bytes; until 2026-01-01T00:00:00Z");
}

TEST_CASE("facts are bounded, each and together", "[I10]") {
  const std::string one = Facts().text("", std::string(100'000, 'x')).take();
  CHECK(one.size() == bounds::kFactBytesMax);
  CHECK(one.ends_with("x..."));
  Facts many;
  for (int i = 0; i < 1000; ++i) {
    many.text(", ", "name.example.test");
  }
  CHECK(many.take().size() == bounds::kFactsBytesMax);
  CHECK(Facts().time("", 9'000'000'000'000'000'000).take().size() <= bounds::kFactBytesMax);
}

TEST_CASE("what was seen is one sentence with its facts") {
  CHECK(describe({Cause::connection_refused, {}}) == "The upstream refused the connection.");
  CHECK(describe({Cause::too_many_fields, "at most 256 fields"}) ==
        "The upstream's answer has too many fields: at most 256 fields.");
  CHECK(describe({}).empty());
}

TEST_CASE("an errno of a connection becomes its cause") {
  CHECK(cause_of_errno(ECONNREFUSED) == Cause::connection_refused);
  CHECK(cause_of_errno(ECONNRESET) == Cause::connection_reset);
  CHECK(cause_of_errno(EPIPE) == Cause::connection_reset);
  CHECK(cause_of_errno(ETIMEDOUT) == Cause::connection_timed_out);
  CHECK(cause_of_errno(EHOSTUNREACH) == Cause::unreachable);
  CHECK(cause_of_errno(ENETUNREACH) == Cause::unreachable);
  CHECK(cause_of_errno(0) == Cause::none);
}

}  // namespace
}  // namespace keyswap::base
