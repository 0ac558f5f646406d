// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/answer_filters.h"

#include <string>

#include <catch2/catch.hpp>

#include "test/flow/coded.h"
#include "test/flow/searches.h"

namespace keyswap::flow {

namespace {

const std::string kSecret = "the-real-secret-0001";

http::ResponseHead head_with(std::string_view coding) {
  http::ResponseHead head;
  head.status = 200;
  if (!coding.empty()) {
    head.fields.add("Content-Encoding", coding);
  }
  return head;
}

}  // namespace

TEST_CASE("where nothing is known nothing is looked for") {
  Findings seen;
  AnswerFilters filters;
  filters.look_for(nullptr, seen);
  CHECK_FALSE(filters.is_on());
  CHECK(filters.scrubber() == nullptr);
  CHECK(filters.search() == nullptr);
  CHECK(filters.open(head_with("gzip")));
  CHECK(filters.reading() == AnswerFilters::Reading::none);
}

TEST_CASE("what becomes known after the head is looked for in what follows it", "[I8]") {
  Findings seen;
  AnswerFilters filters;
  filters.begin(seen);
  CHECK(filters.is_on());
  REQUIRE(filters.open(head_with("")));
  CHECK(filters.reading() == AnswerFilters::Reading::plain);
  base::Buffer out(1024);
  REQUIRE(filters.feed("before ", false, out));
  filters.look_for(test::search_for({{kSecret, "<P>"}}), seen);
  REQUIRE(filters.feed(kSecret, true, out));
  CHECK(out.view() == "before <P>");
}

TEST_CASE("a body is read as its codings say, and scrubbed", "[I8]") {
  const std::string text = "say " + kSecret;
  const auto read = [&](std::string_view coding, const std::string& bytes) {
    Findings seen;
    AnswerFilters filters;
    filters.look_for(test::search_for({{kSecret, "<P>"}}), seen);
    REQUIRE(filters.open(head_with(coding)));
    base::Buffer out(1024);
    CHECK(filters.feed(bytes, true, out));
    CHECK(seen.list().size() == 1);
    return std::pair(filters.reading(), std::string(out.view()));
  };
  using Reading = AnswerFilters::Reading;
  CHECK(read("", text) == std::pair(Reading::plain, std::string("say <P>")));
  CHECK(read("gzip", test::gzipped(text)) == std::pair(Reading::decoded, std::string("say <P>")));
  CHECK(read("gzip, x-gzip", test::gzipped(test::gzipped(text))) ==
        std::pair(Reading::decoded, std::string("say <P>")));
  // What is not known is looked through as it is.
  CHECK(read("rot13", text) == std::pair(Reading::blind, std::string("say <P>")));
}

TEST_CASE("a part of a coded body is not decoded from its middle", "[I8]") {
  for (const std::string_view coding : {"gzip", ""}) {
    Findings seen;
    AnswerFilters filters;
    filters.look_for(test::search_for({{kSecret, "<P>"}}), seen);
    auto head = head_with(coding);
    head.status = 206;
    REQUIRE(filters.open(head));
    CHECK(filters.reading() ==
          (coding.empty() ? AnswerFilters::Reading::plain : AnswerFilters::Reading::blind));
    base::Buffer out(1024);
    REQUIRE(filters.feed("say " + kSecret, true, out));
    CHECK(out.view() == "say <P>");
  }
}

TEST_CASE("a body without a byte is not coded, whatever its head says", "[I8]") {
  for (const std::string_view coding : {"gzip", "rot13"}) {
    Findings seen;
    AnswerFilters filters;
    filters.look_for(test::search_for({{kSecret, "<P>"}}), seen);
    auto head = head_with(coding);
    head.framing = {http::Framing::Kind::length, 0};
    REQUIRE(filters.open(head));
    CHECK(filters.reading() == AnswerFilters::Reading::plain);
    base::Buffer out(1024);
    CHECK(filters.feed("", true, out));
    CHECK(out.empty());
  }
}

}  // namespace keyswap::flow
