// SPDX-License-Identifier: Apache-2.0
#include "proxy/outgoing/audit_fetch_log.h"

#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "test/support/fake_engine.h"
#include "test/support/fake_sink.h"
#include "test/support/text.h"

namespace keyswap {
namespace {

using outgoing::AuditFetchLog;
using vault::FetchEvent;
using vault::FetchEventKind;

struct World {
  test::FakeSink sink;
  test::FakeTime clock;
  AuditFetchLog log{sink, clock};
  vault::SourceSpec spec;
  std::vector<bool> told;

  World() {
    spec.id = "company";
    spec.kind = "bitwarden";
  }

  void append(std::vector<FetchEvent> events) {
    log.append(
        spec, std::move(events), 12'000, [this](bool is_durable) { told.push_back(is_durable); });
  }
};

FetchEvent event_of(FetchEventKind kind, std::string version) {
  FetchEvent event;
  event.kind = kind;
  event.secret = "OPENAI_API_KEY";
  event.version = std::move(version);
  return event;
}

using keyswap::test::has;

TEST_CASE("L01 what was fetched is told once it is on disk, and says its source [I6]", "[I6]") {
  World world;
  world.append({event_of(FetchEventKind::fetched, "2026-01-02T03:04:05Z")});
  CHECK(world.told.empty());
  const std::string record = world.sink.last();
  CHECK(has(record, "\"company\""));
  CHECK(has(record, "\"bitwarden\""));
  CHECK(has(record, "\"OPENAI_API_KEY\""));
  CHECK_FALSE(has(record, "2026-01-02T03:04:05Z"));  // its digest alone
  REQUIRE(world.sink.answer(true));
  CHECK(world.told == std::vector{true});
}

TEST_CASE("several records of one run are one batch, in their order") {
  World world;
  world.append(
      {event_of(FetchEventKind::rotation_pending, ""), event_of(FetchEventKind::rotated, "2")});
  const std::string records = world.sink.last();
  REQUIRE(has(records, "rotation_pending"));
  REQUIRE(has(records, "\"rotated\""));
  CHECK(records.find("rotation_pending") < records.find("\"rotated\""));
}

TEST_CASE("a log that is dead is told at once, each time [I6]", "[I6]") {
  World world;
  world.append({event_of(FetchEventKind::fetched, "1")});
  REQUIRE(world.sink.answer(false));
  world.append({event_of(FetchEventKind::fetched, "1")});
  CHECK(world.told == std::vector{false, false});
}

TEST_CASE("each append hears of its own batch") {
  World world;
  world.append({event_of(FetchEventKind::fetched, "1")});
  world.append({event_of(FetchEventKind::login, "1")});
  REQUIRE(world.sink.answer(true));
  CHECK(world.told.size() == 1);
  REQUIRE(world.sink.answer(true));
  CHECK(world.told.size() == 2);
}

}  // namespace
}  // namespace keyswap
