// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/kept_records.h"

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include "proxy/cli/files.h"
#include "proxy/cli/home_creation.h"
#include "test/support/fake_sink.h"
#include "test/support/temp_home.h"
#include "vault/signing_key.h"

namespace keyswap::cli {

namespace {

constexpr std::size_t kLogBytesMax = 65536;

class Told final : public audit::Listener {
 public:
  void batch_done(std::uint64_t /*ticket*/, bool durable) override { is_durable = durable; }

  bool is_durable = false;
};

// A home with a vault that keeps what a command fetched, and with the folder of a log.
struct Kept {
  Kept() {
    REQUIRE(vault::lock_memory());
    static_cast<void>(temp.put("bindings.yaml", "version: 1\nsecrets: {}\n"));
    const auto passphrase = vault::Secret::copy_of("passphrase");
    REQUIRE(passphrase);
    auto made = vault::Vault::create(home.vault(), *passphrase, 1);
    REQUIRE(made);
    vault.emplace(std::move(*made));
    const auto seed = vault::make_signing_seed();
    REQUIRE(seed);
    REQUIRE(vault->put_system(kSigningSeedName, *seed));
  }

  void fetched(std::string_view secret) {
    KeptRecords records(*vault, clock);
    audit::Batch batch;
    batch.add(audit::SecretFetchedRecord{.ts_us = clock.wall_us(),
                                         .event = audit::FetchEvent::fetched,
                                         .secret = secret,
                                         .source = "company",
                                         .kind = "bitwarden",
                                         .version = "",
                                         .expires_at = std::nullopt,
                                         .outcome = "ok",
                                         .duration_us = 5,
                                         .used_default_expiry = false});
    Told told;
    REQUIRE(records.append(std::move(batch), &told, 1));
    REQUIRE(told.is_durable);
  }

  [[nodiscard]] std::size_t kept() const { return vault->system_names("record-").size(); }

  [[nodiscard]] std::string log() const {
    const auto text = read_file(home.audit() + "/audit-000001.jsonl", kLogBytesMax);
    return text ? *text : "";
  }

  test::TempHome temp;
  Home home = temp.home();
  base::SystemClock clock;
  std::optional<vault::Vault> vault;
};

bool names(const std::string& text, const std::string& secret) {
  return text.find("\"secret\":\"" + secret + "\"") != std::string::npos;
}

}  // namespace

TEST_CASE("what a command fetched is in the log, or still in the vault for the next serve [I6]",
          "[I6]") {
  Kept home;
  home.fetched("FIRST");
  home.fetched("SECOND");
  CHECK(home.kept() == 2);

  // There is no log: it is not begun here, and nothing is lost.
  CHECK(see_recorded(home.home, *home.vault, home.clock));
  CHECK(home.kept() == 2);

  REQUIRE(mkdir(home.home.audit().c_str(), 0700) == 0);
  CHECK_FALSE(see_recorded(home.home, *home.vault, home.clock));
  CHECK(home.kept() == 0);
  const std::string log = home.log();
  CHECK(names(log, "FIRST"));
  CHECK(names(log, "SECOND"));
  CHECK(log.find("FIRST") < log.find("SECOND"));

  CHECK_FALSE(see_recorded(home.home, *home.vault, home.clock));
  CHECK(home.log() == log);
}

TEST_CASE("a running proxy forgets what a command fetched once it is durable, and no sooner [I6]",
          "[I6]") {
  Kept home;
  home.fetched("FIRST");
  test::FakeSink log;
  KeptRecorder recorder;
  recorder.look(log, *home.vault);
  CHECK(names(log.last(), "FIRST"));
  CHECK(home.kept() == 1);

  recorder.look(log, *home.vault);  // it is under way: not once more
  REQUIRE(log.answer(true));
  CHECK_FALSE(log.answer(true));
  CHECK(home.kept() == 1);

  recorder.look(log, *home.vault);
  CHECK(home.kept() == 0);
  CHECK_FALSE(log.answer(true));
}

TEST_CASE("what a dead log did not take stays in the vault [I6]", "[I6]") {
  Kept home;
  home.fetched("FIRST");
  test::FakeSink log;
  KeptRecorder recorder;
  recorder.look(log, *home.vault);
  REQUIRE(log.answer(false));
  recorder.look(log, *home.vault);
  recorder.look(log, *home.vault);
  CHECK(home.kept() == 1);
}

}  // namespace keyswap::cli
