// SPDX-License-Identifier: Apache-2.0
//
// proxy/uv for the fuzzer: the same classes, in memory.
#include "test/fuzz/session/world.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "proxy/base/assert.h"
#include "proxy/base/bounds.h"
#include "proxy/uv/local_users.h"
#include "proxy/uv/resolver.h"
#include "proxy/uv/timer.h"

namespace keyswap::test {

int World::accept(const std::shared_ptr<Wire>& wire) {
  accepted.push_back(wire);
  return static_cast<int>(accepted.size() - 1);
}

std::vector<std::shared_ptr<Wire>> World::take_dialled() {
  return std::exchange(dialled, {});
}

bool World::turn(std::size_t first) {
  bool has_happened = !posted.empty();
  for (auto& task : std::exchange(posted, {})) {
    task();
  }
  const auto there = sockets;
  for (std::size_t i = 0; i < there.size(); ++i) {
    Socket* const socket = there[(i + first) % there.size()];
    // A socket that was closed in this turn is not freed before its end.
    has_happened = socket->run() || has_happened;
  }
  closing.clear();
  const auto set = alarms;
  for (Alarm* const alarm : set) {
    const bool is_there = std::ranges::find(alarms, alarm) != alarms.end();
    if (is_there && alarm->due_ms() != 0 && alarm->due_ms() <= now_ms) {
      alarm->fire();
      has_happened = true;
    }
  }
  if (turn_end) {
    turn_end();
  }
  return has_happened;
}

std::optional<std::int64_t> World::next_timer_ms() const {
  std::optional<std::int64_t> next;
  for (const Alarm* const alarm : alarms) {
    if (alarm->due_ms() != 0 && (!next || alarm->due_ms() < *next)) {
      next = alarm->due_ms();
    }
  }
  return next;
}

bool World::wait_for_timer() {
  const auto next = next_timer_ms();
  if (next) {
    now_ms = std::max(now_ms, *next);
  }
  return next.has_value();
}

}  // namespace keyswap::test

namespace keyswap::uv {

using test::Wire;
using test::World;

std::string to_string(const Endpoint& endpoint) {
  const bool is_v6 = endpoint.address.find(':') != std::string::npos;
  return (is_v6 ? "[" + endpoint.address + "]" : endpoint.address) + ":" +
         std::to_string(endpoint.port);
}

LocalUsers::LocalUsers() = default;

LocalUsers::~LocalUsers() = default;

// Our own is the first.
bool LocalUsers::is_own(std::optional<std::uint32_t> user) {
  return user == 1U;
}

// Two of them, and connections whose user is not known.
std::optional<std::uint32_t> LocalUsers::user_of(int socket) {
  ++questions_;
  const int user = socket % 3;
  return user == 0 || kernel_ > 0 ? std::nullopt : std::optional(static_cast<std::uint32_t>(user));
}

// Names are not looked up: the bindings say where to dial. One that is asked for all the same is
// not found.
struct Resolver::State {
  Loop* loop = nullptr;
};

Resolver::Resolver(std::shared_ptr<State> state) : state_(std::move(state)) {}

Resolver::~Resolver() = default;

base::Result<std::unique_ptr<Resolver>> Resolver::create(Loop& loop) {
  return std::unique_ptr<Resolver>(new Resolver(std::make_shared<State>(State{&loop})));
}

struct Lookup::State {
  Done done;
};

Lookup::Lookup(Resolver& resolver, const std::string& /*host*/, Done done)
    : state_(std::make_shared<State>(State{std::move(done)})) {
  resolver.state_->loop->post([state = state_] {
    if (const Done told = std::exchange(state->done, nullptr)) {
      told(base::Error{base::Errc::not_found, "there are no names"});
    }
  });
}

Lookup::~Lookup() {
  state_->done = nullptr;
}

// --- the loop ---

struct Loop::State {
  World world;
};

Loop::Loop(std::unique_ptr<State> state)
    : state_(std::move(state)), raw_(reinterpret_cast<uv_loop_s*>(&state_->world)) {}

base::Result<std::unique_ptr<Loop>> Loop::create() {
  return std::unique_ptr<Loop>(new Loop(std::make_unique<State>()));
}

// As the real one: everything on it is closed by now.
Loop::~Loop() {
  state_->world.closing.clear();
  KS_ASSERT(state_->world.sockets.empty() && state_->world.alarms.empty());
}

void Loop::run() {}

void Loop::stop() {}

void Loop::post(std::function<void()> task) {
  state_->world.posted.push_back(std::move(task));
}

void Loop::on_turn_end(std::function<void()> hook) {
  state_->world.turn_end = std::move(hook);
}

std::int64_t Loop::now_ms() const {
  return state_->world.now_ms;
}

std::span<char> Loop::read_chunk() {
  state_->world.read_chunk.resize(base::bounds::kReadChunkBytes);
  return {state_->world.read_chunk.data(), state_->world.read_chunk.size()};
}

// --- timers ---

struct Timer::State final : public test::Alarm {
  World* world = nullptr;
  std::function<void()> due;
  std::int64_t deadline_ms = 0;

  [[nodiscard]] std::int64_t due_ms() const override { return deadline_ms; }

  void fire() override {
    deadline_ms = 0;
    const auto told = due;  // the Timer may go in it
    told();
  }
};

Timer::Timer(Loop& loop, std::function<void()> due) : state_(new State) {  // NOLINT: see ~Timer
  state_->world = &World::of(loop);
  state_->due = std::move(due);
  state_->world->alarms.push_back(state_);
}

Timer::~Timer() {
  std::erase(state_->world->alarms, state_);
  delete state_;  // NOLINT: made in the constructor
}

void Timer::set(std::int64_t after_ms) {
  state_->deadline_ms = state_->world->now_ms + std::max<std::int64_t>(after_ms, 1);
}

void Timer::clear() {
  state_->deadline_ms = 0;
}

// --- connections ---

struct Tcp::State final : public test::Socket {
  World* world = nullptr;
  Loop* loop = nullptr;
  TcpEvents* events = nullptr;
  std::shared_ptr<Wire> wire;
  std::string queued;
  std::uint64_t written = 0;
  bool is_reading = false;
  bool is_open = false;
  bool is_connecting = false;
  bool is_finishing = false;

  bool run() override {
    if (events == nullptr) {
      return false;
    }
    if (is_connecting) {
      return connected();
    }
    if (!is_open) {
      return false;
    }
    const bool has_written = write();
    return read() || has_written;
  }

  bool connected() {
    if (wire->state == Wire::State::connecting) {
      return false;
    }
    is_connecting = false;
    if (wire->state == Wire::State::refused) {
      events->on_connect_failed(ECONNREFUSED);
    } else {
      is_open = true;
      events->on_connected();
    }
    return true;
  }

  bool write() {
    if (queued.empty() || (wire->room == 0 && !wire->is_reset)) {
      return false;
    }
    if (wire->is_reset) {
      queued.clear();
      events->on_broken();
      return true;
    }
    queued.erase(0, take(queued));
    if (queued.empty()) {
      wire->is_proxy_done = is_finishing;
      events->on_written_all();
    }
    return true;
  }

  std::size_t take(std::string_view bytes) {
    const std::size_t count = std::min(wire->room, bytes.size());
    wire->from_proxy.append(bytes.substr(0, count));
    wire->room -= count;
    return count;
  }

  // As libuv does: as long as reads come full.
  bool read() {
    bool has_read = false;
    for (bool goes_on = true; goes_on && events != nullptr && is_reading;) {
      if (wire->is_reset) {
        is_reading = false;
        events->on_broken();
        return true;
      }
      if (wire->to_proxy.empty()) {
        if (wire->is_peer_done) {
          is_reading = false;
          events->on_read_end();
          return true;
        }
        return has_read;
      }
      const std::span<char> chunk = loop->read_chunk();
      const std::size_t count = std::min(chunk.size(), wire->to_proxy.size());
      std::copy_n(wire->to_proxy.data(), count, chunk.data());
      wire->to_proxy.erase(0, count);
      has_read = true;
      goes_on = count == chunk.size();
      events->on_read({chunk.data(), count});
    }
    return has_read;
  }
};

Tcp::Tcp(Loop& loop, TcpEvents& events) : state_(new State) {  // NOLINT: freed by the world
  state_->world = &World::of(loop);
  state_->loop = &loop;
  state_->events = &events;
  state_->world->sockets.push_back(state_);
}

Tcp::~Tcp() {
  state_->events = nullptr;
  if (state_->wire != nullptr) {
    state_->wire->is_proxy_closed = true;
  }
  std::erase(state_->world->sockets, state_);
  state_->world->closing.emplace_back(state_);
}

base::Status Tcp::adopt(int socket) {
  state_->wire = state_->world->accepted.at(static_cast<std::size_t>(socket));
  state_->is_open = true;
  return {};
}

void Tcp::connect(const Endpoint& endpoint) {
  state_->wire = std::make_shared<Wire>();
  state_->wire->state = Wire::State::connecting;
  state_->wire->remote = endpoint;
  state_->is_connecting = true;
  state_->world->dialled.push_back(state_->wire);
}

void Tcp::start_reading() {
  state_->is_reading = state_->is_open;
}

void Tcp::stop_reading() {
  state_->is_reading = false;
}

void Tcp::write(base::Buffer& bytes) {
  if (bytes.empty() || state_->is_finishing) {
    bytes.clear();
    return;
  }
  state_->written += bytes.size();
  if (state_->queued.empty()) {
    if (!state_->is_open || state_->wire->is_reset) {
      bytes.clear();
      state_->events->on_broken();
      return;
    }
    bytes.consume(state_->take(bytes.view()));
  }
  state_->queued.append(bytes.view());
  bytes.release();
}

std::size_t Tcp::pending_bytes() const {
  return state_->queued.size();
}

std::uint64_t Tcp::written_bytes() const {
  return state_->written;
}

// A host that is gone acknowledges nothing, whatever else the script says.
std::uint64_t Tcp::untaken_bytes() const {
  const bool is_gone = state_->wire != nullptr && state_->wire->is_host_gone;
  return is_gone ? state_->written : state_->queued.size();
}

void Tcp::finish_writing() {
  if (!state_->is_finishing && state_->is_open) {
    state_->is_finishing = true;
    state_->wire->is_proxy_done = state_->queued.empty();
  }
}

void Tcp::linger_on_close() {}

// What came was told; nothing lies unread.
std::size_t Tcp::take_received(char* /*bytes*/, std::size_t /*capacity*/) {
  return 0;
}

int Tcp::last_error() const {
  return state_->wire != nullptr && state_->wire->is_reset ? ECONNRESET : 0;
}

bool Tcp::is_unacknowledged_for(std::int64_t /*ms*/) const {
  return state_->wire != nullptr && state_->wire->is_host_gone;
}

Endpoint Tcp::remote() const {
  return state_->wire == nullptr ? Endpoint{} : state_->wire->remote;
}

}  // namespace keyswap::uv
