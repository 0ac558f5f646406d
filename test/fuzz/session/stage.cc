// SPDX-License-Identifier: Apache-2.0
#include "test/fuzz/session/stage.h"

#include <algorithm>
#include <utility>

#include "bindings/parse.h"
#include "bindings/venues/table.h"
#include "proxy/net/secret_lane.h"
#include "test/fuzz/session/texts.h"
#include "vault/arena.h"

namespace keyswap::test {

namespace {

Fixed make_fixed() {
  Fixed made{parse_all(kBindings), parse_all(kOtherBindings), nullptr, nullptr, nullptr};
  must(vault::lock_memory().has_value(), "memory cannot be locked");
  must(tls::start_library().has_value(), "no TLS library");
  made.client_tls = tls::ServerContext::create().value();
  const std::int64_t now_s = WorldClock().wall_us() / 1'000'000;
  auto authority = ca::create_authority(now_s);
  must(authority.has_value(), "no authority");
  made.authority =
      ca::Authority::open(authority->key_der, authority->certificate_pem, now_s).value();
  made.key = ca::LeafKey::create().value();
  return made;
}

}  // namespace

std::shared_ptr<const bindings::Bindings> parse_all(const char* yaml) {
  auto read = bindings::parse(yaml, "/nowhere", bindings::all_venues());
  must(read.errors.empty(), "the bindings are wrong");
  return std::make_shared<const bindings::Bindings>(std::move(read.bindings));
}

const Fixed& fixed() {
  static const Fixed made = make_fixed();
  return made;
}

Stage::Stage() : Stage(fixed().bindings) {}

Stage::Stage(std::shared_ptr<const bindings::Bindings> bindings, bool looks_for_real) {
  leaves_ = std::make_unique<ca::LeafCache>(
      fixed().authority, fixed().key, clock_, [this](ca::LeafCache::Task task) {
        mints.push_back(std::move(task));
      });
  thread_ =
      net::LoopThread::create({.clock = &clock_,
                               .secrets = &secrets,
                               .callers = &callers_,
                               .memory = {&holdings_, &known, looks_for_real ? &real : nullptr},
                               .log = &log,
                               .limiter = &meter,
                               .certificates = {.leaves = leaves_.get(),
                                                .refusal_leaves = nullptr,
                                                .tls = fixed().client_tls.get()},
                               .strangers = &strangers_,
                               .telling = &telling_,
                               .policy = {std::move(bindings), nullptr, nullptr},
                               .connection_ended = [] {},
                               .upstreams = {&upstreams_open_, 8}})
          .value();
  thread_->set_listening(net::Listening(std::vector<uv::Endpoint>{{"127.0.0.1", 8472}}));
  world_ = &World::of(thread_->loop());
  clock_.world = world_;
}

Stage::~Stage() {
  for (auto& client : clients) {
    client.reset();
  }
  thread_.reset();
  clock_.world = nullptr;
}

std::shared_ptr<Wire> Stage::connect() {
  auto wire = std::make_shared<Wire>();
  wire->room = kRoomBytes;
  wire->remote = {"127.0.0.1", static_cast<std::uint16_t>(40'000 + connected_++)};
  net::Arrival arrival = thread_->look_at(world_->accept(wire));
  if (arrival.has_room) {
    thread_->post_client(std::move(arrival));
  } else {
    thread_->turn_away(arrival.socket, arrival.user);
  }
  return wire;
}

Client& Stage::connect_client() {
  return clients.emplace_back(connect());
}

bool Stage::turn(std::size_t first) {
  const bool has_come = secrets.answer_due(world_->now_ms);
  const bool has_happened = world_->turn(first) || has_come;
  look();
  return has_happened;
}

void Stage::look() {
  for (auto& wire : world_->take_dialled()) {
    servers.emplace_back(std::move(wire), log);
  }
  for (auto& client : clients) {
    client.look();
  }
  for (auto& server : servers) {
    server.look();
  }
}

void Stage::settle() {
  constexpr int kTurnsMax = 10'000;
  int turns = 0;
  while (turn()) {
    must(++turns < kTurnsMax, "the loop never comes to rest");
  }
}

void Stage::check_nothing_is_left() {
  must(session_count() == 0, "a client's connection never ends");
  must(world_->socket_count() == 0, "a socket is left");
  must(thread_->context().secrets->waiting_count() == 0, "somebody still waits for a secret");
  must(thread_->context().memory.collected_bytes == 0, "bytes of bodies are still counted");
  must(upstreams_open_ == 0, "connections to upstreams are still counted");
  must(holdings_.bytes() == 0, "somebody still holds locked memory");
}

void Stage::pass(std::int64_t milliseconds) {
  const std::int64_t end_ms = world_->now_ms + milliseconds;
  settle();
  for (auto due = next_due_ms(); due && *due <= end_ms; due = next_due_ms()) {
    world_->now_ms = std::max(world_->now_ms, *due);
    settle();
    answer_what_waits();
    settle();
  }
  world_->now_ms = end_ms;
}

// The next timer, or the next secret.
std::optional<std::int64_t> Stage::next_due_ms() {
  const auto timer = world_->next_timer_ms();
  const auto secret = secrets.next_due_ms();
  return timer && secret ? std::min(timer, secret) : timer ? timer : secret;
}

void Stage::answer_what_waits() {
  while (log.answer(true)) {
  }
  while (meter.answer(limits::ChargeOutcome::granted)) {
  }
  for (auto& mint : std::exchange(mints, {})) {
    mint();
  }
}

}  // namespace keyswap::test
