// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/capture_lane.h"

#include <optional>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "test/support/fake_engine.h"
#include "test/support/memory_net.h"

namespace keyswap::test {

namespace {

std::vector<vault::CapturedEntry> one_entry() {
  REQUIRE(vault::lock_memory());
  std::vector<vault::CapturedEntry> entries;
  entries.push_back(
      {vault::SecretName::parse("TOKEN").value(), vault::Secret::copy_of("captured-0001").value()});
  return entries;
}

// A lane to an engine that does what the test says.
struct Keeping {
  void begin() {
    lane.keep(one_entry(), [this](bool is_kept) { told = is_kept; });
    engine.turn();
  }

  MemoryNet net;
  FakeTime time;
  FakeEngine engine{time};
  net::CaptureLane lane{*net.context.loop, &engine, time};
  std::optional<bool> told;
};

}  // namespace

TEST_CASE("what is captured is kept by the engine, and the loop is told when it is", "[I13]") {
  Keeping keeping;
  keeping.begin();
  REQUIRE(keeping.engine.waiting() == 1);
  CHECK(std::get<vault::LockEntry>(keeping.engine.step()).name.text() == "TOKEN");
  keeping.engine.answer(vault::Granted{});
  keeping.engine.answer(base::Error{base::Errc::not_found, "no entry of ends"});
  keeping.engine.answer(base::Error{base::Errc::not_found, "no such entry"});
  CHECK(std::get<vault::KeepEntry>(keeping.engine.step()).value.reveal() == "captured-0001");
  keeping.engine.answer(vault::Kept::done);
  keeping.net.settle();
  CHECK_FALSE(keeping.told.has_value());
  keeping.engine.answer(vault::Noted{true});
  keeping.net.settle();
  CHECK(keeping.told == true);
}

TEST_CASE("what is not kept in time is told as lost", "[I10][I13]") {
  Keeping keeping;
  keeping.begin();
  keeping.engine.pass(base::bounds::kCaptureMs * 1000);
  keeping.net.settle();
  CHECK(keeping.told == false);
}

TEST_CASE("where nothing can be kept, that is said at once", "[I13]") {
  MemoryNet net;
  FakeTime time;
  net::CaptureLane lane(*net.context.loop, nullptr, time);
  std::optional<bool> told;
  lane.keep(one_entry(), [&told](bool is_kept) { told = is_kept; });
  CHECK(told == false);
}

}  // namespace keyswap::test
