// SPDX-License-Identifier: Apache-2.0
//
// What is captured of an answer, on its way into the vault.
#include "vault/sources/capture.h"

#include <string>

#include "test/vault/sources/backend_support.h"
#include "vault/sources/captured_end.h"

namespace keyswap::vault {

namespace {

using backend::as;
using backend::ending;
using test::RunScript;

CapturedEntry entry(std::string_view name, std::string_view value) {
  REQUIRE(lock_memory());
  return {SecretName::parse(name).value(), Secret::copy_of(value).value()};
}

std::unique_ptr<Run> run_of(CapturedEntry one) {
  std::vector<CapturedEntry> entries;
  entries.push_back(std::move(one));
  return capture_run(std::move(entries));
}

std::unique_ptr<Run> run_of(CapturedEntry one, CapturedEntry other) {
  std::vector<CapturedEntry> entries;
  entries.push_back(std::move(one));
  entries.push_back(std::move(other));
  return capture_run(std::move(entries));
}

const base::Error kNotThere{base::Errc::not_found, "no such entry"};

// It has the lock, and the entry of its ends is looked for first: there is none.
Step granted_without_ends(RunScript& run) {
  CHECK(as<ReadEntry>(run.tell(Granted{})).name.is_internal());
  return run.tell(kNotThere);
}

}  // namespace

TEST_CASE("a captured value is in the vault, and recorded, before the answer may go on",
          "[I6][I13]") {
  RunScript run(run_of(entry("TOKEN", "captured-0001")));
  CHECK(as<LockEntry>(run.begin()).name.text() == "TOKEN");
  CHECK(as<ReadEntry>(granted_without_ends(run)).name.text() == "TOKEN");
  const auto keep = as<KeepEntry>(run.entry("old-value", "v7"));
  CHECK(keep.name.text() == "TOKEN");
  CHECK(keep.value.reveal() == "captured-0001");
  CHECK(keep.replaces == "v7");
  const auto note = as<Note>(run.tell(Kept::done));
  CHECK(note.event.kind == FetchEventKind::captured);
  CHECK(note.event.secret == "TOKEN");
  CHECK(note.event.outcome == "ok");
  CHECK(as<Done>(run.tell(Noted{true})).values.empty());
}

TEST_CASE("the end of a captured value is kept before the value, and recorded with it", "[I13]") {
  CapturedEntry one = entry("TOKEN", "captured-0001");
  one.expires_at = 1'800'000'000;
  RunScript run(run_of(std::move(one)));
  CHECK(as<LockEntry>(run.begin()).name.text() == "TOKEN");
  CHECK(as<ReadEntry>(run.tell(Granted{})).name.text() == "TOKEN#expires");
  const auto end = as<KeepEntry>(run.entry("of the one before", "v3"));
  CHECK(end.name.text() == "TOKEN#expires");
  CHECK(end.replaces == "v3");
  CHECK(end.value.reveal().ends_with(" 1800000000,of the one before"));
  SECTION("it is kept") {
    CHECK(as<ReadEntry>(run.tell(Kept::done)).name.text() == "TOKEN");
    const auto keep = as<KeepEntry>(run.tell(kNotThere));
    CHECK(keep.name.text() == "TOKEN");
    CHECK(keep.replaces.empty());
    CHECK(keep.value.reveal() == "captured-0001");
    const auto note = as<Note>(run.tell(Kept::done));
    CHECK(note.event.outcome == "ok");
    CHECK(note.event.expires_at == 1'800'000'000);
    as<Done>(run.tell(Noted{true}));
  }
  SECTION("somebody else changed it") {
    CHECK(as<ReadEntry>(run.tell(Kept::conflict)).name.text() == "TOKEN#expires");
    CHECK(as<KeepEntry>(run.tell(kNotThere)).name.text() == "TOKEN#expires");
  }
  SECTION("it is not kept: nor is the value") {
    CHECK(as<Note>(run.tell(Kept::failed)).event.outcome == "not_kept");
    CHECK(ending(run.tell(Noted{true})) == backend::Ending{FetchFault::unavailable, "not_kept"});
  }
}

TEST_CASE("a value that came with an end, and comes again without one, has none any more") {
  const CapturedEntry before = entry("TOKEN", "captured-0001");
  const Secret ends = captured_end_text("", before.value, 1'800'000'000).value();
  RunScript run(run_of(entry("TOKEN", "captured-0001")));
  run.begin();
  run.tell(Granted{});
  const auto end = as<KeepEntry>(run.entry(std::string(ends.reveal()), "v3"));
  CHECK(end.name.text() == "TOKEN#expires");
  CHECK_FALSE(says_captured_end(end.value.reveal(), before.value));
  CHECK(as<ReadEntry>(run.tell(Kept::done)).name.text() == "TOKEN");
}

TEST_CASE("the first login makes the entry") {
  RunScript run(run_of(entry("TOKEN", "captured-0001")));
  run.begin();
  granted_without_ends(run);
  CHECK(as<KeepEntry>(run.tell(kNotThere)).replaces.empty());
}

TEST_CASE("two captures lock the entries that they share in one order, whatever they name first") {
  RunScript run(run_of(entry("Z_REFRESH", "captured-0001"), entry("A_ACCESS", "captured-0002")));
  CHECK(as<LockEntry>(run.begin()).name.text() == "A_ACCESS");
  granted_without_ends(run);
  CHECK(as<KeepEntry>(run.tell(kNotThere)).value.reveal() == "captured-0002");
  run.tell(Kept::done);
  CHECK(as<LockEntry>(run.tell(Noted{true})).name.text() == "Z_REFRESH");
  granted_without_ends(run);
  CHECK(as<KeepEntry>(run.tell(kNotThere)).value.reveal() == "captured-0001");
  run.tell(Kept::done);
  as<Done>(run.tell(Noted{true}));
}

TEST_CASE("an entry that somebody changes at the same moment is replaced all the same") {
  RunScript run(run_of(entry("TOKEN", "captured-0001")));
  run.begin();
  granted_without_ends(run);
  run.entry("old-value", "v1");
  as<ReadEntry>(run.tell(Kept::conflict));
  CHECK(as<KeepEntry>(run.entry("other-value", "v2")).replaces == "v2");
  as<ReadEntry>(run.tell(Kept::conflict));
  run.entry("other-value", "v3");
  CHECK(as<Note>(run.tell(Kept::conflict)).event.outcome == "not_kept");  // not without an end
  CHECK(ending(run.tell(Noted{true})) == backend::Ending{FetchFault::unavailable, "not_kept"});
}

TEST_CASE("what cannot be kept, or recorded, fails the capture, and loses no other value",
          "[I13]") {
  const int step = GENERATE(0, 1, 2, 3);
  CAPTURE(step);
  RunScript run(run_of(entry("A", "captured-0001"), entry("B", "captured-0002")));
  const base::Error broken{base::Errc::io, "disk"};
  Step now = run.begin();
  if (step == 0) {
    now = run.tell(broken);  // no lock
  } else {
    now = granted_without_ends(run);
    if (step == 1) {
      now = run.tell(broken);  // not readable
    } else {
      now = run.tell(kNotThere);
      now = run.tell(step == 2 ? Kept::failed : Kept::done);
      CHECK(std::get<Note>(now).event.outcome == (step == 2 ? "not_kept" : "ok"));
      now = run.tell(Noted{step == 2});
    }
  }
  CHECK(as<LockEntry>(std::move(now)).name.text() == "B");
  granted_without_ends(run);
  CHECK(as<KeepEntry>(run.tell(kNotThere)).value.reveal() == "captured-0002");
  run.tell(Kept::done);
  CHECK(ending(run.tell(Noted{true})) == backend::Ending{FetchFault::unavailable, "not_kept"});
}

TEST_CASE("a lock that says that there is none is no entry that is not there", "[I13]") {
  RunScript run(run_of(entry("TOKEN", "captured-0001")));
  run.begin();
  ending(run.tell(kNotThere));
}

TEST_CASE("records name no source, but that it was captured") {
  CHECK(capture_spec().id == "capture");
  CHECK(capture_spec().kind == kCaptureKind);
  CHECK_FALSE(capture_spec().is_minted);
}

}  // namespace keyswap::vault
