// SPDX-License-Identifier: Apache-2.0
#include "bindings/search_budget.h"

#include <string>

#include <catch2/catch.hpp>

#include "bindings/blocked.h"
#include "bindings/path_pattern.h"
#include "bindings/request_readings.h"

namespace keyswap::bindings {

namespace {

// As many readings as may be, of a path that has nothing of what the rules look for.
std::string many_readings() {
  std::string path = "/%";
  for (int i = 0; i < 56; ++i) {
    path += "25";
  }
  return path + "23" + std::string(350, 'a');
}

Scope blocking(std::size_t count, const std::string& path) {
  Scope scope;
  scope.blocked.assign(count, BlockedEndpoint{"GET", path});
  return scope;
}

}  // namespace

TEST_CASE("what begins in another way, or has no star, is searched for nothing", "[I10]") {
  SearchBudget budget;
  const std::string text(bounds::kSearchedBytesMax, 'a');
  CHECK(budget.matches("/a*b", text, Star::anything) == false);
  CHECK(budget.matches("/a", text, Star::anything) == false);
  CHECK(budget.matches(text, text, Star::anything) == true);
  CHECK(budget.matches("a*", text, Star::anything) == true);
}

TEST_CASE("a glob costs what it looks through", "[I10]") {
  SearchBudget budget;
  const std::string text(bounds::kSearchedBytesMax / 4, 'a');
  CHECK(budget.matches("a*b*c*d*e", text, Star::anything) == false);
  CHECK(budget.matches("a*b*", text, Star::within_segment) == false);
  CHECK(budget.matches("**a*b", text, Star::within_segment) == std::nullopt);
  CHECK(budget.matches("*a", text, Star::anything) == true);
  CHECK(budget.matches("*a", "a", Star::anything) == std::nullopt);
}

TEST_CASE("a path of usual length is never too much, however many rules there are", "[I10]") {
  const std::string path = "/" + std::string(bounds::kSearchedBytesPerRule - 1, 'a');
  const RequestReadings request("GET", path);
  CHECK(find_blocked(blocking(5000, "*/x/*"), request) == nullptr);
  for (int i = 0; i < 5000; ++i) {
    REQUIRE_FALSE(request.is_allowed_by(PathPattern("/**/x/**")));
  }
  CHECK(request.is_allowed_by(PathPattern("/**a")));
}

TEST_CASE("what would be searched beyond the bound is blocked, and not allowed", "[I5][I10]") {
  const std::string path = many_readings();
  REQUIRE_FALSE(PathReadings(path).are_too_many());
  CHECK(find_blocked(blocking(20, "*/x/*"), RequestReadings("GET", path)) == nullptr);
  CHECK(find_blocked(blocking(100, "*/x/*"), RequestReadings("GET", path)) != nullptr);
  const RequestReadings request("GET", path);
  CHECK(request.is_allowed_by(PathPattern("/**")));
  while (request.search_budget().matches("*x*", path, Star::anything)) {
  }
  CHECK_FALSE(request.is_allowed_by(PathPattern("/**a")));
}

}  // namespace keyswap::bindings
