// SPDX-License-Identifier: Apache-2.0
#include "proxy/outgoing/engine.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "proxy/base/bounds.h"
#include "proxy/base/log.h"
#include "proxy/base/thread.h"
#include "proxy/launcher/command_table.h"
#include "proxy/launcher/launcher.h"
#include "proxy/outgoing/call_client.h"
#include "proxy/outgoing/call_slots.h"
#include "proxy/uv/loop.h"
#include "proxy/uv/resolver.h"
#include "proxy/uv/timer.h"

namespace keyswap::outgoing {

namespace {

namespace bounds = base::bounds;

constexpr std::int64_t kUsPerMs = 1000;

// The way to the loop for those who may outlive it.
class Mailbox {
 public:
  explicit Mailbox(uv::Loop& loop) : loop_(&loop) {}

  void post(std::function<void()> task) {
    const std::lock_guard lock(mutex_);
    if (loop_ != nullptr) {
      loop_->post(std::move(task));
    }
  }

  void close() {
    const std::lock_guard lock(mutex_);
    loop_ = nullptr;
  }

 private:
  std::mutex mutex_;
  uv::Loop* loop_;  // guarded by mutex_
};

std::vector<bindings::AddressRange> ranges_of(const vault::SourceSpec& spec) {
  std::vector<bindings::AddressRange> ranges;
  for (const vault::AllowedRange& range : spec.allowed) {
    ranges.push_back({range.address, range.prefix_bits});
  }
  return ranges;
}

// A reload may name a program that was in no table when the launcher started; it is not run.
void warn_about_new_programs(const vault::SourceTable& sources,
                             const launcher::Launcher* launcher) {
  for (const launcher::CommandSpec& command : launcher::commands_of(sources)) {
    if (launcher == nullptr || !launcher->find(command)) {
      base::log::line(
          base::log::Level::warning,
          {"a source's program, ",
           base::log::Piece::fact(command.argv.front()),
           ", is new in the bindings, and is run once the proxy was started anew; until "
           "then what needs it gets 503"});
    }
  }
}

}  // namespace

struct CallThread::State {
  State(std::unique_ptr<uv::Loop> of_loop, Parts of_parts);
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  State(State&&) = delete;
  State& operator=(State&&) = delete;
  ~State() = default;

  void begin(std::uint64_t ticket, std::int64_t wait_ms);
  void end(std::uint64_t ticket,
           vault::RunOutcome outcome,
           const std::function<void(vault::RunOutcome)>& done);
  void deal_slots();
  void set_timer();
  void ring();
  void wind_up();
  void limit_end();

  // Members are destroyed from below: the loop goes last.
  std::unique_ptr<uv::Loop> loop;
  std::shared_ptr<Mailbox> mailbox;
  Parts parts;
  std::unique_ptr<uv::Resolver> resolver;
  std::unique_ptr<CallClient> calls;
  CallSlots slots;
  DriveParts drive_parts;
  uv::Timer timer;       // for `due`
  uv::Timer last_order;  // ends the loop when what is being kept takes too long
  std::multimap<std::int64_t, std::function<void()>> due;  // by the steady clock
  std::map<std::uint64_t, std::unique_ptr<RunDrive>> drives;
  std::uint64_t tickets = 0;
  bool is_dealing = false;
  bool is_ending = false;
  bool is_end_limited = false;  // by bounds::kSourceLogOutMs

  std::mutex mutex;    // guards what follows
  CallPolicy policy;   // without a source's own addresses
  std::thread thread;  // not guarded: of whoever starts and stops it
};

CallThread::State::State(std::unique_ptr<uv::Loop> of_loop, Parts of_parts)
    : loop(std::move(of_loop)),
      mailbox(std::make_shared<Mailbox>(*loop)),
      parts(std::move(of_parts)),
      timer(*loop, [this] { ring(); }),
      last_order(*loop, [this] { loop->stop(); }) {
  drive_parts = {
      .loop = loop.get(),
      .calls = nullptr,
      .slots = &slots,
      .log = parts.log,
      .clock = parts.clock,
      .launcher = parts.launcher.get(),
      .lock_file = parts.lock_file,
      .turns_ms = parts.turns_ms,
      .steps = parts.steps,
      .run_slow = parts.run_slow,
      .run_file = parts.run_file,
      .post = [box = mailbox](std::function<void()> task) { box->post(std::move(task)); },
      .deal_slots =
          [this] {
            deal_slots();
            limit_end();  // it may have been the call that is waited for
          }};
}

base::Result<std::unique_ptr<CallThread>> CallThread::create(Parts parts) {
  auto loop = uv::Loop::create();
  if (!loop) {
    return loop.error();
  }
  auto state = std::make_unique<State>(std::move(*loop), std::move(parts));
  auto resolver = uv::Resolver::create(*state->loop);
  if (!resolver) {
    return resolver.error();
  }
  state->resolver = std::move(*resolver);
  auto calls = CallClient::create(
      *state->loop, *state->resolver, *state->parts.clock, state->parts.leads_here);
  if (!calls) {
    return calls.error();
  }
  state->calls = std::move(*calls);
  state->drive_parts.calls = state->calls.get();
  if (state->parts.launcher != nullptr) {
    state->parts.launcher->attach(*state->loop);
  }
  return std::unique_ptr<CallThread>(new CallThread(std::move(state)));
}

CallThread::CallThread(std::unique_ptr<State> state) : state_(std::move(state)) {}

CallThread::~CallThread() {
  stop();
}

base::Status CallThread::start() {
  auto thread = base::start_thread([state = state_.get()] { state->loop->run(); });
  if (!thread) {
    return thread.error();
  }
  state_->thread = std::move(*thread);
  return {};
}

void CallThread::apply(std::shared_ptr<const bindings::Bindings> bindings,
                       std::shared_ptr<const tls::ClientContext> tls) {
  if (bindings != nullptr && bindings->sources != nullptr) {
    warn_about_new_programs(*bindings->sources, state_->parts.launcher.get());
  }
  const std::lock_guard lock(state_->mutex);
  state_->policy.bindings = std::move(bindings);
  state_->policy.tls = std::move(tls);
}

void CallThread::post(std::function<void()> task) {
  state_->mailbox->post(std::move(task));
}

// --- runs ---

void CallThread::run(const vault::SourceSpec& spec,
                     std::unique_ptr<vault::Run> run,
                     std::int64_t deadline_us,
                     std::function<void(vault::RunOutcome)> done) {
  State& state = *state_;
  CallPolicy policy;
  {
    const std::lock_guard lock(state.mutex);
    policy = state.policy;
  }
  // I13: by no policy nothing is called.
  if (state.is_ending || policy.bindings == nullptr || policy.tls == nullptr) {
    post([done = std::move(done)] {
      done(vault::Failed{vault::FetchFault::unavailable, "not_serving", 0});
    });
    return;
  }
  policy.allowed = ranges_of(spec);
  const std::uint64_t ticket = ++state.tickets;
  state.drives[ticket] = std::make_unique<RunDrive>(
      state.drive_parts,
      spec,
      std::move(policy),
      std::move(run),
      ticket,
      [&state, ticket, done = std::move(done)](vault::RunOutcome outcome) {
        state.end(ticket, std::move(outcome), done);
      });
  const std::int64_t wait_ms = (deadline_us - state.parts.clock->steady_us()) / kUsPerMs;
  post([&state, ticket, wait_ms] { state.begin(ticket, std::max<std::int64_t>(wait_ms, 1)); });
}

void CallThread::State::begin(std::uint64_t ticket, std::int64_t wait_ms) {
  if (const auto found = drives.find(ticket); found != drives.end()) {
    found->second->begin(wait_ms);
  }
}

// In a turn of its own: the drive is in the midst of it.
void CallThread::State::end(std::uint64_t ticket,
                            vault::RunOutcome outcome,
                            const std::function<void(vault::RunOutcome)>& done) {
  const auto told = std::make_shared<vault::RunOutcome>(std::move(outcome));
  mailbox->post([this, ticket, told, done] {
    drives.erase(ticket);
    if (!is_ending) {
      done(std::move(*told));
    } else if (drives.empty()) {
      loop->stop();
    }
  });
}

// A drive that gets its slot may end in it and give it back: then it is dealt anew afterwards.
void CallThread::State::deal_slots() {
  if (std::exchange(is_dealing, true)) {
    return;
  }
  for (auto turn = slots.take(); !turn.empty(); turn = slots.take()) {
    for (const std::uint64_t ticket : turn) {
      if (const auto found = drives.find(ticket); found != drives.end()) {
        found->second->call();
      }
    }
  }
  is_dealing = false;
}

// --- time ---

void CallThread::at(std::int64_t steady_us, std::function<void()> task) {
  post([state = state_.get(), steady_us, task = std::move(task)] {
    state->due.emplace(steady_us, task);
    state->set_timer();
  });
}

void CallThread::State::set_timer() {
  if (due.empty()) {
    timer.clear();
    return;
  }
  // Rounded up: never before its time.
  const std::int64_t left_us = due.begin()->first - parts.clock->steady_us();
  timer.set(std::max<std::int64_t>(left_us, 0) / kUsPerMs + 1);
}

void CallThread::State::ring() {
  std::vector<std::function<void()>> now;
  const auto end = due.upper_bound(parts.clock->steady_us());
  for (auto one = due.begin(); one != end; one = due.erase(one)) {
    now.push_back(std::move(one->second));
  }
  for (const auto& task : now) {
    task();
  }
  set_timer();
}

// --- the end ---

void CallThread::stop() {
  State& state = *state_;
  if (state.thread.joinable()) {
    state.mailbox->post([&state] { state.wind_up(); });
    state.thread.join();
  }
  state.mailbox->close();
  if (state.parts.launcher != nullptr) {
    state.parts.launcher->detach();
  }
  state.drives.clear();
  state.due.clear();
}

// Whoever asked is told nothing any more; what another side gave out meanwhile is still kept.
void CallThread::State::wind_up() {
  is_ending = true;
  due.clear();
  // I13: a call that spends what it sends ends by its own time, and what it brings is then kept.
  last_order.set(bounds::kCallMs + bounds::kSourceLogOutMs);
  for (const auto& [ticket, drive] : drives) {
    drive->hurry();
  }
  limit_end();
  if (drives.empty()) {
    loop->stop();
  }
}

// Once no such call is under way, what is left is what disks do.
void CallThread::State::limit_end() {
  const bool is_spending =
      std::ranges::any_of(drives, [](const auto& one) { return one.second->is_spending(); });
  if (is_ending && !is_spending && !std::exchange(is_end_limited, true)) {
    last_order.set(bounds::kSourceLogOutMs);
  }
}

}  // namespace keyswap::outgoing
