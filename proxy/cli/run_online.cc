// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/run_online.h"

#include <csignal>
#include <future>
#include <optional>
#include <utility>

#include "proxy/base/bounds.h"
#include "proxy/cli/approval.h"
#include "proxy/cli/audit_place.h"
#include "proxy/cli/kept_records.h"
#include "proxy/cli/policy.h"
#include "proxy/cli/source_engine.h"
#include "proxy/cli/source_steps.h"
#include "proxy/cli/unlock.h"
#include "proxy/tls/context.h"

namespace keyswap::cli {

namespace {

namespace bounds = base::bounds;

constexpr std::int64_t kUsPerMs = 1000;
constexpr std::int64_t kUsPerSecond = 1'000'000;

Failure little_memory(const std::string& what, const base::Error& error) {
  return {Exit::cannot,
          what + ": " + explain(error),
          "allow more locked memory: ulimit -l, or LimitMEMLOCK in a systemd unit"};
}

// First of all, as in `serve`: memory is locked once, and TLS is started in it.
Problem begin_online() {
  if (auto problem = begin_guarded(bounds::kLockedArenaBytesMin + bounds::kCallsLockedBytes +
                                   bounds::kSourceCacheBytesMax)) {
    return problem;
  }
  static_cast<void>(std::signal(SIGPIPE, SIG_IGN));  // a server that closes must not end us
  if (const auto started = tls::start_library(); !started) {
    return little_memory("TLS cannot be started", started.error());
  }
  return std::nullopt;
}

// I17: who changed the file would else be sent what the sources are opened with. Where nothing was
// approved yet, or whoever opens the vault approves, `serve` takes the file as it is, too.
Problem check_approved(const Home& home,
                       const std::string& file,
                       const vault::Vault& vault,
                       const bindings::PolicyText& policy) {
  auto standing = standing_of(vault, policy);
  if (!standing) {
    return standing.failure();
  }
  if (standing->standing != Standing::unapproved || approves_itself(standing.value())) {
    return std::nullopt;
  }
  const std::string which = file == home.bindings() ? "" : " --bindings " + file;
  return Failure{Exit::no,
                 file + " is not approved, so no source is asked by its word",
                 "see what it changes, and approve it: keyswap bindings approve" + which};
}

}  // namespace

// In the order in which it must go.
struct Online::State {
  Home home;
  std::string file;
  LoadedPolicy policy;
  base::SystemClock clock;
  std::optional<vault::Vault> vault;
  std::optional<KeptRecords> records;
  std::unique_ptr<SourceEngine> engine;  // null once it is closed

  Problem open(const OnlineOptions& options);
  Problem start(std::unique_ptr<launcher::Launcher> launcher);
};

Problem Online::State::open(const OnlineOptions& options) {
  if (auto problem = begin_online()) {
    return problem;
  }
  auto checked = checked_home_of(options.home);
  if (!checked) {
    return checked.failure();
  }
  home = std::move(checked).value();
  file = options.bindings.empty() ? served_bindings(home) : absolute_path(options.bindings);
  auto loaded = load_policy(file, own_ca_of(home));
  if (!loaded) {
    return loaded.failure();
  }
  policy = std::move(loaded).value();
  // Forked while there is no passphrase here, no vault, and one thread.
  auto launcher = start_launcher(policy.policy.bindings->sources.get());
  if (!launcher) {
    return launcher.failure();
  }
  auto opened = open_vault(home, options.unlock);
  if (!opened) {
    return opened.failure();
  }
  vault = std::move(opened).value();
  if (auto problem = check_approved(home, file, *vault, policy.text)) {
    return problem;
  }
  return start(std::move(launcher).value());
}

Problem Online::State::start(std::unique_ptr<launcher::Launcher> launcher) {
  records.emplace(*vault, clock);
  auto made =
      SourceEngine::create({.vault = &*vault,
                            .log = &*records,
                            .clock = &clock,
                            .launcher = std::move(launcher),
                            .lock_file = home.sources_lock(),
                            .leads_here = nullptr,  // nobody listens here
                            .keep_entry = [this](const vault::KeepEntry& step) {
                              return keep_own_entry(*vault, step, clock.wall_us() / kUsPerSecond);
                            }});
  if (!made) {
    return little_memory("what asks sources of secrets cannot be made", made.error());
  }
  engine = std::move(*made);
  engine->apply(policy.policy.bindings, policy.policy.upstream_tls);
  if (const auto started = engine->start(); !started) {
    return thread_failure(started.error());
  }
  return std::nullopt;
}

Outcome<std::unique_ptr<Online>> Online::open(const OnlineOptions& options) {
  auto state = std::make_unique<State>();
  if (auto problem = state->open(options)) {
    return *std::move(problem);
  }
  // NOLINTNEXTLINE(cppcoreguidelines-owning-memory): the constructor is private to open()
  return std::unique_ptr<Online>(new Online(std::move(state)));
}

Online::Online(std::unique_ptr<State> state) : state_(std::move(state)) {}

Online::~Online() {
  static_cast<void>(close());
}

const Home& Online::home() const {
  return state_->home;
}

const std::string& Online::file() const {
  return state_->file;
}

const bindings::Bindings& Online::bindings() const {
  return *state_->policy.policy.bindings;
}

vault::Vault& Online::vault() {
  return *state_->vault;
}

const base::Clock& Online::clock() const {
  return state_->clock;
}

vault::RunOutcome Online::run(const vault::SourceSpec& spec,
                              std::unique_ptr<vault::Run> run,
                              std::int64_t wait_ms) {
  const std::int64_t deadline_us = state_->clock.steady_us() + wait_ms * kUsPerMs;
  const auto begun = std::make_shared<std::unique_ptr<vault::Run>>(std::move(run));
  const auto ended = std::make_shared<std::promise<vault::RunOutcome>>();
  auto outcome = ended->get_future();
  SourceEngine& engine = *state_->engine;
  engine.post([&engine, &spec, begun, ended, deadline_us] {
    engine.run(spec, std::move(*begun), deadline_us, [ended](vault::RunOutcome told) {
      ended->set_value(std::move(told));
    });
  });
  return outcome.get();
}

Problem Online::close() {
  if (state_->engine == nullptr) {
    return std::nullopt;
  }
  state_->engine->stop();
  state_->engine.reset();
  return see_recorded(state_->home, *state_->vault, state_->clock);
}

}  // namespace keyswap::cli
