// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/source_engine.h"

#include <condition_variable>
#include <fstream>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include "test/support/temp_home.h"
#include "vault/sources/kinds.h"

namespace keyswap {
namespace {

// A log that is durable at once.
class InstantSink final : public audit::Sink {
 public:
  [[nodiscard]] bool append(audit::Batch&& batch,
                            audit::Listener* listener,
                            std::uint64_t ticket) override {
    {
      const std::lock_guard lock(mutex_);
      records_ += batch.bodies();
    }
    listener->batch_done(ticket, true);
    return true;
  }

  [[nodiscard]] bool is_dead() const override { return false; }

  [[nodiscard]] std::string records() {
    const std::lock_guard lock(mutex_);
    return records_;
  }

 private:
  std::mutex mutex_;
  std::string records_;
};

vault::SecretName name(std::string_view text) {
  auto parsed = vault::SecretName::parse(text);
  REQUIRE(parsed);
  return *parsed;
}

// A program in a home of ours, as a source of one secret.
vault::SourceTable table_of(const std::string& program) {
  vault::SourceSpec spec;
  spec.id = "mine";
  spec.kind = "command";
  spec.argv = {program, "{key}"};
  return {{spec}, {{name("TOKEN"), {0, "the-key", ""}}}};
}

std::string put_program(const test::TempHome& home, mode_t mode) {
  const std::string path = home.path() + "/program";
  std::ofstream(path) << "#!/bin/sh\necho \"secret of $1\"\n";
  REQUIRE(::chmod(path.c_str(), mode) == 0);
  return path;
}

// What the source gives for its key: the value, or why not.
std::string fetch(const vault::SourceTable& table, InstantSink& sink) {
  REQUIRE(vault::lock_memory());
  auto started = cli::start_launcher(&table);
  REQUIRE(started);
  const base::SystemClock clock;
  cli::SourceEngine::Parts parts;
  parts.log = &sink;
  parts.clock = &clock;
  parts.launcher = std::move(started).value();
  auto engine = cli::SourceEngine::create(std::move(parts));
  REQUIRE(engine);
  auto roots = tls::ClientContext::create({}, "");
  REQUIRE(roots);
  (*engine)->apply(std::make_shared<const bindings::Bindings>(), *roots);
  REQUIRE((*engine)->start());
  const vault::SourceSpec& spec = table.specs()[0];
  const auto backend = vault::find_backend_kind("command")->make(spec);
  const std::vector<std::string> keys = {"the-key"};
  std::mutex mutex;
  std::condition_variable wake;
  std::optional<vault::RunOutcome> outcome;
  (*engine)->post([&] {
    (*engine)->run(
        spec, backend->fetch(keys), clock.steady_us() + 20'000'000, [&](vault::RunOutcome told) {
          const std::lock_guard lock(mutex);
          outcome = std::move(told);
          wake.notify_all();
        });
  });
  {
    std::unique_lock lock(mutex);
    wake.wait(lock, [&] { return outcome.has_value(); });
  }
  (*engine)->stop();
  if (const auto* failed = std::get_if<vault::Failed>(&*outcome)) {
    return failed->outcome;
  }
  return std::string(std::get<vault::Done>(*outcome).values.at(0).value.reveal());
}

TEST_CASE("a program of a policy gives its secret, which is a record without it [I1] [I6]",
          "[I1][I6]") {
  const test::TempHome home;
  InstantSink sink;
  CHECK(fetch(table_of(put_program(home, 0700)), sink) == "secret of the-key\n");
  CHECK(sink.records().find("\"mine\"") != std::string::npos);
  CHECK(sink.records().find("secret of") == std::string::npos);
}

TEST_CASE("G16 a program that others can write is not run") {
  const test::TempHome home;
  InstantSink sink;
  CHECK(fetch(table_of(put_program(home, 0702)), sink) == "not_permitted");
  CHECK(sink.records().find("not_permitted") != std::string::npos);
}

TEST_CASE("without programs there is no launcher") {
  CHECK(cli::start_launcher(nullptr).value() == nullptr);
  const vault::SourceTable empty;
  CHECK(cli::start_launcher(&empty).value() == nullptr);
}

}  // namespace
}  // namespace keyswap
