// SPDX-License-Identifier: Apache-2.0
#include "proxy/approvals/book.h"

#include <catch2/catch.hpp>

#include "proxy/approvals/bounds.h"
#include "test/approvals/support.h"

namespace keyswap::approvals {

using test::kMinute;
using test::waiting;

TEST_CASE("of one caller so many wait, and of all so many", "[I10]") {
  Book book;
  for (std::size_t i = 0; i < bounds::kHeldPerCallerMax; ++i) {
    REQUIRE(book.has_room("agent"));
    book.put(waiting("op_" + std::to_string(i)));
  }
  CHECK_FALSE(book.has_room("agent"));
  for (std::size_t i = bounds::kHeldPerCallerMax; i < bounds::kHeldMax; ++i) {
    REQUIRE(book.has_room("other"));
    book.put(waiting("op_" + std::to_string(i), "caller " + std::to_string(i / 8)));
  }
  CHECK_FALSE(book.has_room("other"));
  Operation first = *book.find("op_0");
  first.state = State::denied;
  book.put(first);
  CHECK(book.has_room("other"));
  CHECK(book.has_room("agent"));
}

TEST_CASE("what is due is given as it will be, and stays until that is put in") {
  Book book;
  book.put(waiting("op_1"));
  CHECK(book.due(10 * kMinute - 1).empty());
  const auto due = book.due(10 * kMinute);
  REQUIRE(due.size() == 1);
  CHECK(due[0].state == State::expired);
  CHECK(book.find("op_1")->state == State::waiting);
  book.put(due[0]);
  CHECK(book.due(11 * kMinute).empty());
}

TEST_CASE("what is over is kept for a day, what is not for as long as it takes") {
  Book book;
  Operation over = waiting("op_1");
  over.state = State::succeeded;
  over.changed_us = kMinute;
  book.put(over);
  book.put(waiting("op_2"));
  const std::int64_t day = 24 * 60 * kMinute;
  CHECK(book.outlived(kMinute + day - 1).empty());
  CHECK(book.outlived(kMinute + day) == std::vector<std::string>{"op_1"});
  book.remove("op_1");
  book.remove("op_1");
  CHECK_FALSE(book.find("op_1"));
  CHECK(book.list().size() == 1);
}

TEST_CASE("when there are too many, the oldest that are over go", "[I10]") {
  Book book;
  for (std::size_t i = 0; i < bounds::kOperationsMax + 2; ++i) {
    Operation one = waiting("op_" + std::to_string(i));
    one.state = i == 0 ? State::approved : State::denied;
    one.created_us = static_cast<std::int64_t>(i);
    one.retry_expires_us = kMinute;
    book.put(one);
  }
  CHECK(book.outlived(0) == std::vector<std::string>{"op_1", "op_2"});
}

}  // namespace keyswap::approvals
