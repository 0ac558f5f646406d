// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/server.h"

#include <algorithm>
#include <csignal>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <unistd.h>

#include "proxy/base/bounds.h"
#include "proxy/base/line_output.h"
#include "proxy/base/thread.h"
#include "proxy/net/leaves.h"
#include "proxy/net/limit_table.h"
#include "proxy/net/loop_thread.h"
#include "proxy/net/record_waiter.h"
#include "proxy/net/room.h"
#include "proxy/net/server_parts.h"
#include "proxy/net/shared_secrets.h"
#include "proxy/net/strangers.h"
#include "proxy/net/telling.h"
#include "proxy/net/troubles.h"
#include "proxy/net/upstream_clocks.h"
#include "proxy/net/worker.h"
#include "proxy/services/slow_service.h"
#include "vault/secret.h"

namespace keyswap::net {

namespace {

constexpr std::size_t kWorkerThreads = 2;
constexpr std::int64_t kHousekeepingMs = 500;

class Server final : public uv::AcceptEvents {
 public:
  explicit Server(ServerParts parts)
      : parts_(std::move(parts)),
        secrets_{
            .source = vault::Sources(*parts_.vault, parts_.behind.outside.engine, *parts_.clock),
            .holdings =
                vault::Holdings(held_bytes_max(parts_.threads * LoopThread::locked_bytes()))},
        telling_(*parts_.clock, &secrets_.real),
        refreshing_{.runs = {}, .watch{*parts_.vault, *parts_.clock, [this](auto why) {
                                         record_lock(why);
                                       }}} {}

  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  Server(Server&&) = delete;
  Server& operator=(Server&&) = delete;
  ~Server() override;

  base::Status serve();
  void on_accepted(int socket) override;
  void on_accepted_last(int socket) override;

 private:
  base::Status build();
  base::Status listen();
  base::Status listen_for_management();
  [[nodiscard]] services::Figures figures() const;
  base::Status start_threads();
  void join_loops();
  void watch();
  void reload();
  void reload_once();
  bool reload_alone(RecordWaiter& recorded);
  void take(Policy policy);
  void record_approval(const std::optional<ApprovalNote>& note);
  void put_in_force(Policy& policy);
  void housekeep();
  void refresh_vault();
  void refresh_vault_once();
  void hold_to_approval();
  void renew_policy();
  void flush_source(std::string_view id);
  void record_lock(std::optional<audit::VaultFault> why);
  void drain();

  ServerParts parts_;
  SharedSecrets secrets_;
  Leaves leaves_;
  Telling telling_;
  Strangers strangers_;
  UpstreamClocks clocks_;
  std::vector<std::unique_ptr<LoopThread>> loops_;  // the first one runs on the calling thread
  std::vector<std::thread> loop_threads_;           // of the others
  Doors doors_;
  Watches watches_;
  Room room_;
  std::size_t next_loop_ = 0;
  Reloading reloading_;
  Refreshing refreshing_;
  Worker worker_;  // last: its threads use what stands above
};

base::Status Server::build() {
  share_descriptors(parts_, room_);
  strangers_.set_places(
      std::max<std::size_t>(room_.clients_max / base::bounds::kStrangersShare, 1));
  auto leaves = Leaves::create(
      parts_.authority, *parts_.clock, [this](auto task) { worker_.run(std::move(task)); });
  if (!leaves) {
    return leaves.error();
  }
  leaves_ = std::move(*leaves);
  KS_TRY(parts_.behind.approvals->begin([this](auto task) { worker_.run(std::move(task)); }));
  put_in_force(parts_.policy);
  const LoopThread::Shared shared{
      .clock = parts_.clock,
      .secrets = &secrets_.source,
      .engine = parts_.behind.outside.engine,
      .callers = parts_.vault,
      .memory = {&secrets_.holdings, &secrets_.known, &secrets_.real, parts_.behind.approvals},
      .log = parts_.log,
      .limiter = parts_.limiter.get(),
      .certificates = {.leaves = leaves_.requests.get(),
                       .refusal_leaves = leaves_.refusals.get(),
                       .tls = leaves_.client_tls.get()},
      .strangers = &strangers_,
      .telling = &telling_,
      .policy = parts_.policy,
      .vault_is_locked = [vault = parts_.vault] { return vault->is_locked(); },
      .is_refusing_policy = &reloading_.is_refused,
      .connection_ended = [this] { --room_.clients; },
      .upstreams = {&room_.upstreams, room_.upstreams_max, &clocks_}};
  for (unsigned i = 0; i < parts_.threads; ++i) {
    auto loop = LoopThread::create(shared);
    if (!loop) {
      return loop.error();
    }
    loops_.push_back(std::move(*loop));
  }
  return listen();
}

base::Status Server::listen() {
  KS_TRY(doors_.listeners.open(loops_.front()->loop(), parts_.listen, *this));
  std::optional<uv::Endpoint> management;
  if (parts_.behind.manage) {
    KS_TRY(listen_for_management());
    management = doors_.management->local();
  }
  const Listening listening(doors_.listeners.endpoints(), management);
  for (const auto& loop : loops_) {
    loop->set_listening(listening);
  }
  if (parts_.behind.outside.listening) {
    parts_.behind.outside.listening(listening);
  }
  return {};
}

base::Status Server::listen_for_management() {
  auto listener = ManagementListener::listen(
      *parts_.behind.manage,
      loops_,
      {&room_.clients, room_.clients_max},
      [this] { return figures(); },
      parts_.behind.api);
  if (!listener) {
    return listener.error();
  }
  doors_.management = std::move(*listener);
  return {};
}

services::Figures Server::figures() const {
  return {.client_connections = room_.clients,
          .upstream_connections = room_.upstreams,
          .locked_bytes = vault::locked_memory_size(),
          .is_vault_locked = parts_.vault->is_locked(),
          .is_audit_dead = parts_.log->is_dead(),
          .audit_syncs = parts_.log->syncs(),
          .leaves = leaves_.figures(),
          .sources = figures_of(secrets_.source.states()),
          .clocks_apart = clocks_.count_apart(moments_of(*parts_.clock))};
}

// Every thread that will ever be needed: what may not be started then is told at once, and nothing
// that comes later can ask for one more.
base::Status Server::start_threads() {
  KS_TRY(worker_.start(kWorkerThreads));
  if (parts_.behind.outside.start) {
    KS_TRY(parts_.behind.outside.start());
  }
  if (parts_.behind.api != nullptr) {
    KS_TRY(parts_.behind.api->start());
  }
  for (std::size_t i = 1; i < loops_.size(); ++i) {
    auto thread = base::start_thread([loop = loops_[i].get()] { loop->run(); });
    if (!thread) {
      return thread.error();
    }
    loop_threads_.push_back(std::move(*thread));
  }
  return {};
}

void Server::join_loops() {
  for (std::thread& thread : loop_threads_) {
    thread.join();
  }
  loop_threads_.clear();
}

Server::~Server() {
  if (parts_.behind.api != nullptr) {
    parts_.behind.api->stop();  // it answers to the loops
  }
  if (parts_.behind.outside.engine != nullptr) {
    parts_.behind.outside.engine->stop();  // what it would tell goes now
  }
  for (std::size_t i = 0; i < loop_threads_.size(); ++i) {
    loops_[i + 1]->post_stop();  // it never served: start failed
  }
  join_loops();
}

base::Status Server::serve() {
  KS_TRY(build());
  KS_TRY(start_threads());
  watch();
  if (parts_.confine) {
    KS_TRY(parts_.confine());
  }
  RecordWaiter started;
  const std::string ca_sha256 = parts_.authority->certificate_sha256();
  if (!started.record(*parts_.log,
                      audit::StartRecord{.ts_us = parts_.clock->wall_us(),
                                         .version = KEYSWAP_VERSION,
                                         .pid = static_cast<std::uint32_t>(::getpid()),
                                         .bindings_sha256 = parts_.policy.bindings->sha256,
                                         .ca_sha256 = ca_sha256,
                                         .signing_key = parts_.signing_key_hex})) {
    return base::Error{base::Errc::io, "the audit log cannot be written"};
  }
  renew_policy();
  if (doors_.management && parts_.behind.managing) {
    parts_.behind.managing(doors_.management->address());
  }
  parts_.ready(doors_.listeners.addresses());
  loops_.front()->run();
  join_loops();
  parts_.behind.approvals->close();
  secrets_.source.stop();  // what answers to the loops goes before them
  worker_.stop();          // a reload under way uses all that goes now
  if (parts_.behind.api != nullptr) {
    parts_.behind.api->stop();  // it waits for the log, and answers to the loops
  }
  doors_.listeners.close();
  if (doors_.management) {
    doors_.management->stop();  // itself it goes behind the loops: connections of theirs know it
  }
  watches_ = {};
  parts_.limiter.reset();
  parts_.log->await_answers();  // for clients who went meanwhile
  loops_.clear();
  static_cast<void>(parts_.vault->save_usage());  // a use that is not noted harms nobody
  for (const RefusedStranger& counted : strangers_.take_all()) {
    RecordWaiter told;
    static_cast<void>(told.record(*parts_.log, record_of(counted, parts_.clock->wall_us())));
  }
  RecordWaiter stopped;
  if (!stopped.record(*parts_.log, audit::StopRecord{parts_.clock->wall_us()})) {
    return base::Error{base::Errc::io, "the audit log could not be written to its end"};
  }
  return {};
}

void Server::on_accepted(int socket) {
  // I10: judged before it is counted. What strangers open all at once takes no place of others.
  Arrival arrival = loops_.front()->look_at(socket);
  if (!arrival.has_room || room_.clients >= room_.clients_max) {
    loops_.front()->turn_away(socket, arrival.user);
    return;
  }
  ++room_.clients;
  LoopThread& loop = *loops_[next_loop_];
  next_loop_ = (next_loop_ + 1) % loops_.size();
  loop.post_client(std::move(arrival));
}

void Server::on_accepted_last(int socket) {
  loops_.front()->turn_away(socket, loops_.front()->look_at(socket).user);
}

void Server::watch() {
  uv::Loop& loop = loops_.front()->loop();
  for (const int signal : {SIGTERM, SIGINT}) {
    watches_.signals.push_back(
        std::make_unique<uv::SignalWatch>(loop, signal, [this] { drain(); }));
  }
  watches_.signals.push_back(std::make_unique<uv::SignalWatch>(loop, SIGHUP, [this] { reload(); }));
  watches_.home = std::make_unique<uv::FolderWatch>(loop, parts_.home, [this] { refresh_vault(); });
  watches_.housekeeping = std::make_unique<uv::Timer>(loop, [this] { housekeep(); });
  watches_.housekeeping->set(kHousekeepingMs);
}

// A signal that comes while the files are being read counts for another reading: they may have
// changed behind it.
void Server::reload() {
  reloading_.runs.ask(worker_, [this] { reload_once(); });
}

// The disk is waited for with nothing held that a look at the vault's file waits for.
void Server::reload_once() {
  RecordWaiter recorded;
  if (!reload_alone(recorded) || !recorded.is_durable()) {
    tell_no_records();
  }
  if (parts_.behind.reloaded) {
    const std::lock_guard alone(reloading_.in_force);
    parts_.behind.reloaded();
  }
  refresh_vault();  // whoever waits for the vault to count is told behind it
}

// False: the log does not take the record of it.
bool Server::reload_alone(RecordWaiter& recorded) {
  const std::lock_guard alone(reloading_.in_force);
  const Reloaded reloaded = parts_.reload();
  if (reloaded.policy) {
    take(*reloaded.policy);
  }
  if (auto authority = parts_.reload_authority ? parts_.reload_authority() : nullptr) {
    parts_.authority = authority;
    leaves_.replace_authority(authority);
  }
  const std::string ca = parts_.authority->certificate_sha256();
  if (parts_.behind.in_force) {
    parts_.behind.in_force();
  }
  if (reloaded.policy || reloaded.approval) {  // else the file was not read, and stands as it stood
    reloading_.is_refused =
        reloaded.approval && reloaded.approval->event == audit::ApprovalEvent::refused;
    record_approval(reloaded.approval);
  }
  return recorded.ask(*parts_.log,
                      audit::ReloadRecord{parts_.clock->wall_us(),
                                          reloaded.policy.has_value(),
                                          parts_.policy.bindings->sha256,
                                          ca});
}

// I14: each request began with one policy and keeps it; the next one begins with the new.
void Server::take(Policy policy) {
  put_in_force(policy);
  for (const auto& loop : loops_) {
    loop->post_policy(policy);
  }
  parts_.policy = std::move(policy);
}

void Server::record_approval(const std::optional<ApprovalNote>& note) {
  if (note) {
    record_or_tell(*parts_.log,
                   audit::ApprovalRecord{.ts_us = parts_.clock->wall_us(),
                                         .event = note->event,
                                         .number = note->number,
                                         .bindings_sha256 = note->bindings_sha256});
  }
}

void Server::put_in_force(Policy& policy) {
  if (parts_.behind.outside.apply) {
    parts_.behind.outside.apply(policy);
  }
  parts_.behind.approvals->set_in_force(policy.bindings->sha256);
  secrets_.source.apply(policy.bindings->sources);
  secrets_.renew();
  policy.number = ++reloading_.policies;
  policy.limits = parts_.limiter->table_for(limits_of(*policy.bindings), parts_.clock->steady_us());
}

void Server::housekeep() {
  base::standard_error().tell_dropped();
  for (const RefusedStranger& counted : strangers_.take_due(parts_.clock->steady_us())) {
    loops_.front()->record(record_of(counted, parts_.clock->wall_us()));
  }
  refreshing_.watch.judge();
  parts_.behind.approvals->tick();
  const std::uint64_t refusals = telling_.take_refusals();
  if (refusals > 0 && parts_.behind.refused) {
    parts_.behind.refused(refusals);
  }
  refresh_vault();
  watches_.housekeeping->set(kHousekeepingMs);
}

void Server::refresh_vault() {
  refreshing_.runs.ask(worker_, [this] { refresh_vault_once(); });
}

// Takes over what a command changed.
void Server::refresh_vault_once() {
  const bool is_read = refreshing_.watch.read();
  if (is_read) {  // else what is known of secrets is still looked for
    static_cast<void>(parts_.vault->save_usage());
    secrets_.renew();
    secrets_.source.vault_read();
  }
  const std::lock_guard alone(reloading_.in_force);
  if (is_read) {
    hold_to_approval();
    if (parts_.behind.vault_read) {
      parts_.behind.vault_read();
    }
  }
  renew_policy();
  if (parts_.behind.looked) {
    parts_.behind.looked();
  }
  if (parts_.behind.flushing) {
    parts_.behind.flushing([this](std::string_view id) { flush_source(id); });
  }
  if (parts_.behind.troubled) {
    parts_.behind.troubled(
        troubles_of(secrets_.source.states(), clocks_, moments_of(*parts_.clock)));
  }
  refreshing_.watch.tell();
}

// I17: what was narrowed does not stay in force because its file cannot be read, or is another.
void Server::hold_to_approval() {
  const auto held = parts_.behind.hold_policy ? parts_.behind.hold_policy() : std::nullopt;
  const bool is_lost = held && !held->policy;
  if (held && held->policy) {
    take(*held->policy);
    if (parts_.behind.in_force) {
      parts_.behind.in_force();
    }
    record_approval(held->approval);
  }
  parts_.vault->set_locked(vault::LockedFor::policy, is_lost);
}

// What a policy lets others say may change without it (bindings/note_merge.h).
void Server::renew_policy() {
  if (auto policy = parts_.behind.renew_policy ? parts_.behind.renew_policy() : std::nullopt) {
    take(std::move(*policy));
  }
}

// Not held back by a log that takes nothing: less is kept then, not more.
void Server::flush_source(std::string_view id) {
  const std::size_t dropped = secrets_.source.flush(id);
  record_or_tell(*parts_.log, audit::SourceFlushedRecord{parts_.clock->wall_us(), id, dropped});
}

void Server::record_lock(std::optional<audit::VaultFault> why) {
  const std::int64_t now_us = parts_.clock->wall_us();
  if (why) {
    record_or_tell(*parts_.log, audit::VaultLockedRecord{now_us, *why});
  } else {
    record_or_tell(*parts_.log, audit::VaultReadableRecord{now_us});
  }
}

void Server::drain() {
  doors_.listeners.close();
  if (doors_.management) {
    doors_.management->stop();
  }
  for (const auto& loop : loops_) {
    loop->post_drain();
  }
}

}  // namespace

base::Status serve(ServerParts parts) {
  static_cast<void>(std::signal(SIGPIPE, SIG_IGN));  // a client that closes must not end us
  KS_ASSERT(parts.threads > 0 && !parts.listen.on.empty());
  return Server(std::move(parts)).serve();
}

}  // namespace keyswap::net
