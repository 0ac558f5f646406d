// SPDX-License-Identifier: Apache-2.0
#include "test/support/memory_net.h"

#include <algorithm>
#include <utility>

#include <catch2/catch.hpp>

#include "bindings/parse.h"
#include "bindings/venues/table.h"
#include "proxy/base/bounds.h"
#include "test/tls/engine_pair.h"

namespace keyswap::test {

namespace {

constexpr const char* kBindings = R"(
version: 1
unmatched_destination_policy: forward_unmodified
allow_users: ["*"]
upstream:
  resolve:
    "h.test:443": "127.0.0.1:1001"
    "opaque.test:443": "127.0.0.1:1002"
    "plain.test:80": "127.0.0.1:1003"
    "body.test:443": "127.0.0.1:1004"
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings:
      - { host: h.test, paths: ["/k/**"], route: svc, websocket: true }
  BK:
    placeholder: kswp_PLACEHOLDER_000000000009
    inject: { body: text }
    bindings:
      - { host: body.test }
)";

net::Policy make_policy() {
  auto read = bindings::parse(kBindings, "/nowhere", bindings::all_venues());
  REQUIRE(read.errors.empty());
  return {.bindings = std::make_shared<const bindings::Bindings>(std::move(read.bindings)),
          .upstream_tls = PairMaker::instance().client_context,
          .limits = nullptr,
          .number = 1};
}

}  // namespace

// --- a peer ---

Peer::Peer(net::Context& context, int socket) : leg(context, *this) {
  REQUIRE(leg.adopt(socket));
  leg.start_reading();
}

void Peer::say(std::string_view bytes) {
  leg.write(bytes);
  leg.flush();
}

void Peer::serve_tls(const std::string& host) {
  leg.start_tls(PairMaker::instance().server(host), std::exchange(heard, ""));
}

void Peer::begin_tls(const std::string& host) {
  auto engine =
      tls::Engine::connect(PairMaker::instance().client_context, host, false, tls::Session());
  REQUIRE(engine);
  leg.start_tls(std::move(*engine), "");
}

std::string Peer::take_heard() {
  return std::exchange(heard, "");
}

void Peer::on_leg_end(bool is_clean) {
  has_ended = true;
  was_clean = is_clean;
}

// --- the net ---

MemoryNet::MemoryNet() {
  const PairMaker& maker = PairMaker::instance();
  loop_ = std::move(uv::Loop::create()).value();
  resolver_ = std::move(uv::Resolver::create(*loop_)).value();
  clock_.world = &world();
  leaves_ = std::make_unique<ca::LeafCache>(
      maker.authority, maker.key, clock_, [this](ca::LeafCache::Task task) {
        mints.push_back(std::move(task));
      });
  lane_ = std::make_unique<net::AuditLane>(*loop_, log, &real, &telling_.refusals());
  secret_lane_ = std::make_unique<net::SecretLane>(*loop_, secrets, clock_, &holdings_);
  tls_watch_ = std::make_unique<net::ClientTlsWatch>(*loop_, *lane_, telling_, clock_);
  context.loop = loop_.get();
  context.clock = &clock_;
  context.callers = &callers_;
  context.secrets = secret_lane_.get();
  context.limiter = &meter;
  context.audit = lane_.get();
  context.strangers = &strangers_;
  context.telling = &telling_;
  context.clients = {
      leaves_.get(), maker.server_context.get(), tls_watch_.get(), &users_, &health_};
  context.upstreams = {.resolver = resolver_.get(),
                       .connector = nullptr,
                       .listening = net::Listening(std::vector<uv::Endpoint>{{"127.0.0.1", 8472}}),
                       .open = &upstreams_open_,
                       .open_max = 8};
  context.memory.holdings = &holdings_;
  context.memory.known = &known_;
  context.memory.real = &real;
  context.memory.scratch = std::make_unique<vault::LockedBuffer>(
      std::move(vault::LockedBuffer::of_capacity(base::bounds::kSwappedHeadBytesMax)).value());
  // NOLINTNEXTLINE(modernize-avoid-c-arrays): as the context has it
  context.memory.plain_chunk =
      std::make_unique_for_overwrite<char[]>(base::bounds::kReadChunkBytes);
  context.policy = make_policy();
  connector_ = std::make_unique<net::Connector>(context);
  context.upstreams.connector = connector_.get();
  connections = std::make_unique<net::Connections>(context);
  connections->on_ended = [] {
  };
  loop_->on_turn_end([this] { context.end_turn(); });
}

MemoryNet::~MemoryNet() {
  connections->cut_all();
  connector_->close_idle();
  context.end_turn();
  connections.reset();
  peers_.clear();
  connector_.reset();
  tls_watch_.reset();
  context.end_turn();
}

MemoryNet::Joined MemoryNet::join(const std::string& from) {
  auto ours = std::make_shared<Wire>();
  auto theirs = std::make_shared<Wire>();
  ours->remote = {from, static_cast<std::uint16_t>(40'000 + pipes_.size())};
  pipes_.emplace_back(ours, theirs);
  Peer& peer = peers_.emplace_back(context, world().accept(theirs));
  return {&peer, world().accept(ours)};
}

Peer& MemoryNet::connect(const std::string& from) {
  const Joined joined = join(from);
  connections->add().start(net::look_at_arrival(context, joined.socket));
  return *joined.peer;
}

Peer& MemoryNet::answer_dial() {
  const auto dialled = world().take_dialled();
  REQUIRE_FALSE(dialled.empty());
  dialled.back()->state = Wire::State::open;
  auto theirs = std::make_shared<Wire>();
  pipes_.emplace_back(dialled.back(), theirs);
  return peers_.emplace_back(context, world().accept(theirs));
}

void MemoryNet::refuse_dial() {
  const auto dialled = world().take_dialled();
  REQUIRE_FALSE(dialled.empty());
  dialled.back()->state = Wire::State::refused;
}

void MemoryNet::settle() {
  constexpr int kTurnsMax = 10'000;
  // What was put off to the end of a quiet turn shows in the next one.
  constexpr int kQuietTurns = 2;
  int quiet_turns = 0;
  for (int turns = 0; quiet_turns < kQuietTurns; ++turns) {
    REQUIRE(turns < kTurnsMax);
    bool has_happened = world().turn();
    for (MemoryPipe& pipe : pipes_) {
      has_happened = pipe.carry() || has_happened;
    }
    if (mints_at_once) {
      for (const auto& mint : std::exchange(mints, {})) {
        mint();
        has_happened = true;
      }
    }
    quiet_turns = has_happened ? 0 : quiet_turns + 1;
  }
}

void MemoryNet::settle_durably() {
  settle();
  while (log.answer(true)) {
    settle();
  }
}

void MemoryNet::pass(std::int64_t milliseconds) {
  const std::int64_t end_ms = world().now_ms + milliseconds;
  settle();
  for (auto due = world().next_timer_ms(); due && *due <= end_ms; due = world().next_timer_ms()) {
    world().now_ms = std::max(world().now_ms, *due);
    settle();
  }
  world().now_ms = end_ms;
}

}  // namespace keyswap::test
