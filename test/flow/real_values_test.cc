// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/real_values.h"

#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "vault/secret.h"

namespace keyswap::flow {

namespace {

namespace bounds = base::bounds;

void add(RealValues& real, const std::string& name, const std::string& value) {
  const WantedSecret wanted{value, name, {}};
  real.add(std::span(&wanted, 1));
}

std::size_t count_of(const RealValues& real, const std::string& name) {
  const auto search = real.search();
  return search == nullptr ? 0
                           : static_cast<std::size_t>(std::ranges::count(
                                 search->secrets(), name, &SecretSearch::Known::name));
}

bool knows(const RealValues& real, const std::string& value) {
  const auto search = real.search();
  return search != nullptr &&
         std::ranges::find(search->secrets(), value, &SecretSearch::Known::bytes) !=
             search->secrets().end();
}

std::string value_of(std::size_t number) {
  return "the-real-value-" + std::to_string(10'000 + number);
}

}  // namespace

TEST_CASE("what is added is known of all entries, and shown by its name") {
  REQUIRE(vault::lock_memory());
  RealValues real;
  CHECK(real.search() == nullptr);
  add(real, "A", value_of(1));
  add(real, "B", value_of(2));
  add(real, "SHORT", "abc");
  REQUIRE(real.search() != nullptr);
  CHECK(real.search()->secrets().size() == 2);
  CHECK(real.search()->secrets().at(0).placeholder == "<B>");
  CHECK(knows(real, value_of(1)));
}

TEST_CASE("what is known already makes no new search") {
  REQUIRE(vault::lock_memory());
  RealValues real;
  add(real, "A", value_of(1));
  const auto search = real.search();
  add(real, "A", value_of(1));
  add(real, "SAME_AS_A", value_of(1));
  CHECK(real.search() == search);
}

TEST_CASE("of one entry the newest values stay", "[I10]") {
  REQUIRE(vault::lock_memory());
  RealValues real;
  add(real, "B", value_of(100));
  for (std::size_t i = 0; i < 10; ++i) {
    add(real, "A", value_of(i));
  }
  CHECK(count_of(real, "A") == bounds::kValuesPerSecretMax);
  CHECK(knows(real, value_of(9)));
  CHECK(knows(real, value_of(6)));
  CHECK_FALSE(knows(real, value_of(5)));
  CHECK(count_of(real, "B") == 1);
}

TEST_CASE("past the bounds the values that came first stay, by number and by bytes", "[I10]") {
  REQUIRE(vault::lock_memory());
  RealValues real;
  std::vector<std::string> names;
  std::vector<std::string> values;
  for (std::size_t i = 0; i < bounds::kRealValuesMax + 5; ++i) {
    names.push_back("N" + std::to_string(i));
    values.push_back(value_of(i));
  }
  std::vector<WantedSecret> wanted;
  for (std::size_t i = 0; i < names.size(); ++i) {
    wanted.push_back({values[i], names[i], {}});
  }
  real.add(wanted);
  CHECK(real.search()->secrets().size() == bounds::kRealValuesMax);
  CHECK(knows(real, values.front()));
  const auto full = real.search();
  add(real, "LATE", value_of(1'000));
  CHECK(real.search() == full);

  RealValues large;
  add(large, "HUGE", std::string(bounds::kSecretBytesMax, 'x'));
  CHECK(large.search() == nullptr);
  add(large, "SMALL", value_of(1));
  CHECK(knows(large, value_of(1)));
}

TEST_CASE("hosts and entries are asked for once, until something may have changed") {
  RealValues real;
  CHECK(real.should_learn("a.test", 443, 0));
  CHECK_FALSE(real.should_learn("a.test", 443, 0));
  CHECK(real.should_learn("a.test", 8443, 0));
  CHECK(real.should_ask("K"));
  CHECK_FALSE(real.should_ask("K"));
  real.renew();
  CHECK(real.should_learn("a.test", 443, 0));
  CHECK(real.should_ask("K"));
}

TEST_CASE("what could not be had is asked for again in a while, and nothing else is", "[I10]") {
  RealValues real;
  const auto learns = [&](std::int64_t now_ms) {
    return real.should_learn("a.test", 443, now_ms);
  };
  CHECK(learns(1'000));
  CHECK(real.should_ask("MISSING"));
  CHECK(real.should_ask("THERE"));
  real.ask_again("MISSING", 1'000);
  real.ask_again("MISSING", 9'000);
  CHECK_FALSE(learns(999 + bounds::kSecretAskedAgainMs));
  CHECK_FALSE(real.should_ask("MISSING"));
  CHECK(learns(1'000 + bounds::kSecretAskedAgainMs));
  CHECK(real.should_ask("MISSING"));
  CHECK_FALSE(real.should_ask("MISSING"));
  CHECK_FALSE(real.should_ask("THERE"));
  CHECK_FALSE(learns(1'000 + 2 * bounds::kSecretAskedAgainMs));
}

TEST_CASE("where there are too many hosts they are asked for again, and their entries are not",
          "[I10]") {
  RealValues real;
  CHECK(real.should_ask("K"));
  CHECK(real.should_learn("first.test", 443, 0));
  for (std::size_t i = 0; i < bounds::kKnownHostsMax; ++i) {
    real.should_learn(std::to_string(i) + ".test", 443, 0);
  }
  CHECK(real.should_learn("first.test", 443, 0));
  CHECK_FALSE(real.should_ask("K"));
}

TEST_CASE("a search counts in the holdings, and is not made where there is no room", "[I10]") {
  REQUIRE(vault::lock_memory());
  vault::Holdings holdings(std::size_t{1} << 20U);
  vault::Holdings none(16);
  {
    RealValues real(&holdings);
    add(real, "A", value_of(1));
    CHECK(holdings.bytes() > 0);
    RealValues poor(&none);
    add(poor, "A", value_of(1));
    CHECK(poor.search() == nullptr);
  }
  CHECK(holdings.bytes() == 0);
}

}  // namespace keyswap::flow
