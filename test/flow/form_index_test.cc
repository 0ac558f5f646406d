// SPDX-License-Identifier: Apache-2.0
//
// What the search asks of it is tested through the search (secret_search_test.cc); here its own
// order.
#include "proxy/flow/form_index.h"

#include <catch2/catch.hpp>

namespace keyswap::flow {

namespace {

FormIndex index_of(std::initializer_list<std::string_view> texts) {
  std::vector<Form> forms;
  for (const auto text : texts) {
    forms.push_back({text, 0, Encoding::plain});
  }
  FormIndex index;
  index.take(std::move(forms));
  return index;
}

}  // namespace

TEST_CASE("one walk finds the longest form at a place, and how far any goes") {
  const FormIndex index = index_of({"abcdefghij", "abcdefgh", "abcdefghijkl", "abcdefghxx"});
  std::uint64_t compared = 0;
  const FormIndex::Place begin{0, index.end_of_run(0), 8, FormIndex::kNone};
  CHECK(begin.last == 3);
  const auto walk = index.walk(begin, "abcdefghijkz", compared);
  CHECK(index[walk.whole].text == "abcdefghij");
  CHECK(walk.depth == 11);
  CHECK_FALSE(walk.is_cut);
  CHECK(index.walk(begin, "abcdefghij", compared).is_cut);
  CHECK(index.walk(begin, "abcdefghijkl", compared).depth == 12);
  CHECK(index[index.walk(begin, "abcdefghz", compared).whole].text == "abcdefgh");
}

TEST_CASE("what a form may begin with is known to the byte") {
  const FormIndex index = index_of({"abcdefgh", "bcdefghi"});
  CHECK(index.may_begin("a"));
  CHECK(index.may_begin("abcdefg"));
  CHECK(index.may_begin("bc"));
  CHECK_FALSE(index.may_begin("c"));
  CHECK_FALSE(index.may_begin("ac"));
}

}  // namespace keyswap::flow
