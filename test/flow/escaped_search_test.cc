// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/escaped_search.h"

#include <string>

#include <catch2/catch.hpp>

#include "test/flow/searches.h"

namespace keyswap::flow {

namespace {

using Rest = SecretSearch::Rest;
using Found = SecretSearch::Found;

Found find(const std::string& secret,
           std::string_view text,
           Rest rest = Rest::none,
           std::size_t from = 0,
           std::size_t synced = 0) {
  const auto search = test::search_for({{secret, "<P>"}});
  std::uint64_t compared = 0;
  const auto marks = find_escapes(text);
  Found found = EscapedSearch(*search, text, marks, rest, '\0', synced).find(from, compared);
  found.secret = found.secret == nullptr ? nullptr : &search->secrets().front();
  return found;
}

}  // namespace

TEST_CASE("a form with escapes in it is found where it stands in the text", "[I8]") {
  const Found found = find("abcdefgh", "xx%20 %61b\\u0063defgh%20");
  CHECK(found.at == 6);
  CHECK(found.size == std::string("%61b\\u0063defgh").size());
  CHECK(found.encoding == Encoding::escaped);
  CHECK(find("abcdefgh", "abcdefg&#x68;").size == std::string("abcdefg&#x68;").size());
  CHECK(find("abcdef/h", "abcdef\\/h").is_something());
  CHECK_FALSE(find("abcdefgh", "abcdefgh").is_something());  // that is for who looks for it plain
  CHECK_FALSE(find("abcdefgh", "%61bcdefg").is_something());
}

TEST_CASE("an escape that stands for none of its bytes no form goes across") {
  CHECK_FALSE(find("abcdefgh", "%61bcd%0aefgh").is_something());
  CHECK(find("abcdefgh", "%61bcd%0aabcdefg%68").at == 9);
}

TEST_CASE("a form is found although escapes far before it end no stretch", "[I8]") {
  const std::string far = "%61" + std::string(300, '.') + "abcd%65fgh";
  CHECK(find("abcdefgh", far).at == 303);
  CHECK(find("abcdefgh", far, Rest::none, 200).at == 303);
  CHECK_FALSE(find("abcdefgh", far, Rest::none, 304).is_something());
}

TEST_CASE("where more follows, what may yet become a form or an escape is held", "[I8]") {
  CHECK(find("abcdefgh", "x %61bcd", Rest::may_follow).at == 2);
  CHECK(find("abcdefgh", "x %6", Rest::may_follow).at == 2);
  CHECK(find("abcdefgh", "%6", Rest::may_follow).at == 0);
  CHECK(find("abcdefgh", "x %61bcd%6", Rest::may_follow).at == 2);
  CHECK(find("abcdefgh", "x %61bxd%6", Rest::may_follow).at == 8);
  CHECK(find("abcdefgh", "x ab%6", Rest::may_follow).at == 2);
  CHECK_FALSE(find("abcdefgh", "x %61bxd", Rest::may_follow).is_something());
  CHECK_FALSE(find("abcdefgh", "x %6", Rest::none).is_something());
}

TEST_CASE("the second of two backslashes begins no escape, wherever the text is cut") {
  CHECK(EscapedSearch::is_inside_escape("a\\\\", 2, 0));
  CHECK_FALSE(EscapedSearch::is_inside_escape("a\\\\", 1, 0));
  CHECK_FALSE(EscapedSearch::is_inside_escape("a\\\\\\", 3, 0));
  CHECK_FALSE(EscapedSearch::is_inside_escape("\\\\", 1, 1));
  CHECK_FALSE(find("abcdefgh", "\\u0061bcdefgh", Rest::none, 0, 1).is_something());
}

TEST_CASE("a character of several bytes is given back whole", "[I8]") {
  const Found found = find("caf\xc3\xa9-0001", "caf\\u00e9-0001");
  CHECK(found.at == 0);
  CHECK(found.size == std::string("caf\\u00e9-0001").size());
}

}  // namespace keyswap::flow
