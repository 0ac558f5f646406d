// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/source_engine.h"

#include <utility>
#include <vector>

#include "proxy/cli/path_trust.h"
#include "proxy/cli/source_steps.h"
#include "proxy/launcher/command_table.h"

namespace keyswap::cli {

namespace {

constexpr std::int64_t kUsPerSecond = 1'000'000;

outgoing::SlowSteps slow_steps(const SourceEngine::Parts& parts) {
  return {
      .read_entry =
          [vault = parts.vault, clock = parts.clock](const vault::ReadEntry& step, bool is_anew) {
            return read_own_entry(*vault, step, is_anew, clock->wall_us() / kUsPerSecond);
          },
      .read_file = read_own_file,
      .keep_entry = parts.keep_entry};
}

}  // namespace

Outcome<std::unique_ptr<launcher::Launcher>> start_launcher(const vault::SourceTable* table) {
  auto commands =
      table == nullptr ? std::vector<launcher::CommandSpec>() : launcher::commands_of(*table);
  if (commands.empty()) {
    return std::unique_ptr<launcher::Launcher>();
  }
  auto started = launcher::Launcher::start(
      std::move(commands), [](const std::string& path) { return !check_trusted_file(path); });
  if (!started) {
    return Failure{
        Exit::cannot,
        "the process that starts programs for sources cannot be made: " + explain(started.error()),
        "allow more processes: ulimit -u, or TasksMax in a systemd unit"};
  }
  return std::move(*started);
}

base::Result<std::unique_ptr<SourceEngine>> SourceEngine::create(Parts parts) {
  // NOLINTNEXTLINE(cppcoreguidelines-owning-memory): the constructor is private to create()
  std::unique_ptr<SourceEngine> made(new SourceEngine(*parts.log, *parts.clock));
  outgoing::CallThread::Parts of_calls;
  of_calls.log = &made->log_;
  of_calls.clock = parts.clock;
  of_calls.steps = slow_steps(parts);
  of_calls.launcher = std::move(parts.launcher);
  of_calls.lock_file = std::move(parts.lock_file);
  of_calls.leads_here = std::move(parts.leads_here);
  of_calls.run_slow = [worker = &made->worker_](std::function<void()> work) {
    worker->run(std::move(work));
  };
  of_calls.run_file = [files = &made->files_](std::function<void()> work) {
    files->run(std::move(work));
  };
  auto calls = outgoing::CallThread::create(std::move(of_calls));
  if (!calls) {
    return calls.error();
  }
  made->calls_ = std::move(*calls);
  return made;
}

SourceEngine::~SourceEngine() {
  stop();
}

base::Status SourceEngine::start() {
  KS_TRY(worker_.start(1));
  KS_TRY(files_.start(1));
  return calls_->start();
}

void SourceEngine::apply(std::shared_ptr<const bindings::Bindings> bindings,
                         std::shared_ptr<const tls::ClientContext> tls) {
  calls_->apply(std::move(bindings), std::move(tls));
}

void SourceEngine::run(const vault::SourceSpec& spec,
                       std::unique_ptr<vault::Run> run,
                       std::int64_t deadline_us,
                       std::function<void(vault::RunOutcome)> done) {
  calls_->run(spec, std::move(run), deadline_us, std::move(done));
}

void SourceEngine::at(std::int64_t steady_us, std::function<void()> task) {
  calls_->at(steady_us, std::move(task));
}

void SourceEngine::post(std::function<void()> task) {
  calls_->post(std::move(task));
}

// The calls first: what they want kept, the worker still keeps. Files last: one that hangs is
// waited for, and by then nothing else is (docs/sources.md, "file").
void SourceEngine::stop() {
  if (calls_ != nullptr) {
    calls_->stop();
  }
  worker_.finish();
  files_.stop();
}

}  // namespace keyswap::cli
