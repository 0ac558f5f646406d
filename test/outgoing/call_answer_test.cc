// SPDX-License-Identifier: Apache-2.0
#include "proxy/outgoing/call_answer.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"

namespace keyswap {
namespace {

using outgoing::CallAnswerReader;
using Taken = CallAnswerReader::Taken;

constexpr std::int64_t kNow = 784111777;  // Sun, 06 Nov 1994 08:49:37 GMT

vault::CallAnswer read(const std::vector<std::string>& lines) {
  REQUIRE(vault::lock_memory());
  CallAnswerReader reader(1000, kNow);
  for (const std::string& line : lines) {
    REQUIRE(reader.head_line(line) == Taken::yes);
  }
  return reader.take();
}

TEST_CASE("of a head the status, the date and the pause are kept") {
  const auto answer = read({"HTTP/1.1 200 OK\r\n",
                            "DATE: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
                            "retry-after:\t12 \r\n",
                            "Set-Cookie: a=b\r\n",
                            "\r\n"});
  CHECK(answer.status == 200);
  CHECK(answer.date_s == kNow);
  CHECK(answer.retry_after_ms == 12'000);
  CHECK(answer.body.size() == 0);
}

TEST_CASE("interim answers do not count") {
  const auto answer = read({"HTTP/1.1 103 Early Hints\r\n",
                            "Retry-After: 5\r\n",
                            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
                            "\r\n",
                            "HTTP/1.1 204 No Content\r\n",
                            "\r\n"});
  CHECK(answer.status == 204);
  CHECK(answer.retry_after_ms == 0);
  CHECK_FALSE(answer.date_s);
}

TEST_CASE("a quota that is used up is known, and until when") {
  const auto until = [](const std::string& remaining, const std::string& reset) {
    return read({"HTTP/1.1 403 No\r\n",
                 "x-ratelimit-remaining: " + remaining + "\r\n",
                 "X-RateLimit-Reset: " + reset + "\r\n"})
        .used_up_until_s;
  };
  CHECK(until("0", "1700000090") == 1'700'000'090);
  CHECK(until("0", "soon") == 0);
  CHECK_FALSE(until("1", "1700000090"));
  CHECK_FALSE(read({"HTTP/1.1 403 No\r\n", "X-RateLimit-Reset: 5\r\n"}).used_up_until_s);
}

TEST_CASE("a pause is seconds or a date, and no longer than its bound") {
  const auto pause = [](const std::string& value) {
    return read({"HTTP/1.1 429 No\r\n", "Retry-After: " + value + "\r\n"}).retry_after_ms;
  };
  CHECK(pause("0") == 0);
  CHECK(pause("90") == 90'000);
  CHECK(pause("Sun, 06 Nov 1994 08:50:07 GMT") == 30'000);
  CHECK(pause("Sun, 06 Nov 1994 08:49:07 GMT") == 0);
  CHECK(pause("Mon, 06 Nov 2034 08:49:37 GMT") == base::bounds::kSourceRetryAfterMsMax);
  CHECK(pause("999999999999") == base::bounds::kSourceRetryAfterMsMax);
  for (const char* none : {"", "-1", "1.5", "soon", "99999999999999999999999", "0x10", "1 2"}) {
    INFO(none);
    CHECK(pause(none) == 0);
  }
}

TEST_CASE("L14 a body is taken up to its bound, however it comes, and a head up to its own") {
  REQUIRE(vault::lock_memory());
  const std::string whole(10'000, 'x');
  for (const std::size_t piece : {1U, 7U, 4096U, 10'000U}) {
    CallAnswerReader reader(whole.size(), kNow);
    for (std::size_t at = 0; at < whole.size(); at += piece) {
      REQUIRE(reader.body(std::string_view(whole).substr(at, piece)) == Taken::yes);
    }
    CHECK(reader.body("y") == Taken::too_much);
    CHECK(reader.take().body.reveal() == whole);
  }
  CallAnswerReader reader(10, kNow);
  const std::string line(base::bounds::kCallHeadBytesMax / 2, 'h');
  CHECK(reader.head_line(line) == Taken::yes);
  CHECK(reader.head_line(line) == Taken::yes);
  CHECK(reader.head_line("x") == Taken::too_much);
}

}  // namespace
}  // namespace keyswap
