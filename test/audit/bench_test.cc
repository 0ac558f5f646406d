// SPDX-License-Identifier: Apache-2.0
//
// What a record costs. Hidden: run it by hand, in a release build, with the tag [.bench].
#include <ctime>

#include <catch2/catch.hpp>

#include "test/audit/support.h"

namespace keyswap::audit {

namespace {

using test::Answers;
using test::decision_of;
using test::open_log;
using test::response_of;
using test::settings_for;
using test::TempFolder;

// Of all threads of this process, in microseconds.
double cpu_us() {
  timespec time{};
  REQUIRE(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

}  // namespace

TEST_CASE("the CPU time of a record, in its parts and all in", "[.bench]") {
  constexpr std::size_t kRecords = 1'000'000;
  std::string out;
  const DecisionRecord decision = decision_of("01JDB4Q9X3M8T2");
  const ResponseRecord response = response_of("01JDB4Q9X3M8T2");

  double begin = cpu_us();
  for (std::size_t i = 0; i < kRecords; ++i) {
    out.clear();
    encode_body(decision, out);
  }
  WARN("encode a decision: " << (cpu_us() - begin) / kRecords << " us, " << out.size() << " bytes");

  const std::string body = out;
  Hash hash = kGenesis;
  begin = cpu_us();
  for (std::size_t i = 0; i < kRecords; ++i) {
    out.clear();
    hash = append_line(i + 1, hash, body, out);
  }
  WARN("line and hash: " << (cpu_us() - begin) / kRecords << " us, " << out.size() << " bytes");

  for (const std::size_t per_batch : {1U, 8U, 64U}) {
    const TempFolder folder;
    const base::SystemClock clock;
    Log::Settings settings = settings_for(folder, clock, nullptr, 64U << 20U);
    settings.files = nullptr;
    constexpr std::size_t kBatches = 5000;
    Answers answers;
    {
      const auto log = open_log(std::move(settings));
      begin = cpu_us();
      for (std::size_t i = 0; i < kBatches; ++i) {
        Batch batch;
        for (std::size_t record = 0; record < per_batch; record += 2) {
          batch.add(decision);
          if (record + 1 < per_batch) {
            batch.add(response);
          }
        }
        batch.is_urgent = true;
        REQUIRE(log->append(std::move(batch), &answers, i));
        REQUIRE(answers.wait(i));
      }
      WARN("durable, " << per_batch << " a batch, write, sync and wake-ups included: "
                       << (cpu_us() - begin) / static_cast<double>(kBatches * per_batch)
                       << " us a record");
    }
  }

  const TempFolder folder;
  const base::SystemClock clock;
  begin = cpu_us();
  {
    const auto log = open_log(settings_for(folder, clock, nullptr, 64U << 20U));
    for (std::size_t i = 0; i < kRecords / 64; ++i) {
      Batch batch;
      for (std::size_t record = 0; record < 32; ++record) {
        batch.add(decision);
        batch.add(response);
      }
      while (!log->append(std::move(batch), nullptr, 0)) {
      }
    }
  }
  WARN("not urgent, all in (write, checkpoints, no syncs): " << (cpu_us() - begin) / kRecords
                                                             << " us a record");
}

}  // namespace keyswap::audit
