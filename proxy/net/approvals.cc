// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/approvals.h"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "audit/operation_record.h"
#include "bindings/digest.h"
#include "proxy/base/bytes.h"
#include "proxy/flow/approval_digest.h"
#include "proxy/http/target.h"
#include "proxy/net/record_waiter.h"

namespace keyswap::net {

using approvals::Operation;
using approvals::Refused;
using approvals::State;
using audit::Reason;

namespace {

constexpr std::int64_t kUsPerMs = 1000;
constexpr std::int64_t kUsPerSecond = 1'000'000;
constexpr std::string_view kFromElsewhere = "elsewhere";

std::string make_id() {
  std::array<std::uint8_t, 16> random{};
  base::random_bytes(random);
  return "op_" + base::to_hex({reinterpret_cast<const char*>(random.data()), random.size()});
}

Reason reason_of(Refused refused) {
  switch (refused) {
    case Refused::unknown:
      return Reason::approval_unknown;
    case Refused::mismatch:
      return Reason::approval_mismatch;
    case Refused::pending:
      return Reason::approval_pending;
    case Refused::denied:
      return Reason::approval_denied;
    case Refused::expired:
    case Refused::decided:
      return Reason::approval_expired;
    case Refused::used:
      return Reason::approval_used;
  }
  KS_UNREACHABLE();
}

flow::Decided refused(Reason reason, std::optional<flow::OperationView> operation = std::nullopt) {
  return {reason, std::move(operation), 0};
}

// The names of all that is used, each once: "KEY, OTHER".
std::string secrets_of(const bindings::Bindings& bindings,
                       const std::vector<flow::PlaceOf>& places) {
  std::vector<std::string_view> names;
  for (const flow::PlaceOf& place : places) {
    const std::string_view name = bindings.rules[place.rule].name.text();
    if (std::ranges::find(names, name) == names.end()) {
      names.push_back(name);
    }
  }
  std::string all;
  for (const std::string_view name : names) {
    all.append(all.empty() ? "" : ", ").append(name);
  }
  return all;
}

// Of each vault entry that is needed. What comes from elsewhere is fetched when it is sent, and has
// none before.
std::string versions_of(const vault::Vault& vault,
                        const bindings::Bindings& bindings,
                        const std::vector<flow::PlaceOf>& places,
                        std::int64_t now_s) {
  std::string all;
  for (const flow::PlaceOf& place : places) {
    const auto& injection = *bindings.rules[place.rule].places[place.place].injection;
    for (std::size_t number = 0; number < injection.needs().size(); ++number) {
      const vault::SecretName& name = injection.needs()[number];
      all.append(all.empty() ? "" : ",");
      if (bindings.is_elsewhere(name)) {
        all += kFromElsewhere;
        continue;
      }
      const auto kind = injection.needs_private_key(number) ? vault::EntryKind::private_key
                                                            : vault::EntryKind::text;
      const auto opened = vault.open_entry(name, kind, now_s);
      all += opened ? base::to_hex(opened->version) : "none";
    }
  }
  return all;
}

// What is decided on, of bindings that are in force.
std::string binding_of(const bindings::Bindings& bindings, std::string_view secret) {
  return std::string(secret) + "@" + bindings.sha256;
}

// It has the seal of what it is now.
base::Status seal(const vault::Secret& key, Operation& operation) {
  auto made = flow::operation_row_seal(key, approvals::sealed_text(operation));
  if (!made) {
    return made.error();
  }
  operation.seal = std::move(*made);
  return {};
}

}  // namespace

std::string operation_seal(std::string_view id) {
  return "keyswap-operation-v1 " + std::string(id);
}

Approvals::Approvals(ApprovalParts parts,
                     const vault::Vault& vault,
                     audit::Sink& log,
                     const base::Clock& clock)
    : file_(std::move(parts.file)),
      key_(std::move(parts.key)),
      vault_(&vault),
      log_(&log),
      clock_(&clock) {}

base::Status Approvals::begin(Run run) {
  run_ = std::move(run);
  const std::lock_guard steps(steps_);
  auto kept = file_.read();
  if (!kept) {
    return kept.error();
  }
  for (Operation& operation : *kept) {
    Operation ours = operation;
    KS_TRY(seal(key_, ours));
    Operation now = base::equal_constant_time(ours.seal, operation.seal)
                        ? approvals::recovered(operation, now_us())
                        : approvals::disowned(operation, now_us());
    if (now == operation) {
      book_.put(std::move(operation));
    } else if (!put(now)) {
      return base::Error{base::Errc::io, "an operation could not be recorded"};
    }
  }
  return {};
}

void Approvals::set_in_force(std::string_view bindings_sha256) {
  const std::lock_guard lock(queue_.mutex);
  queue_.in_force = bindings_sha256;
}

// --- one step after the other ---

void Approvals::post(std::function<void()> step) {
  {
    const std::lock_guard lock(queue_.mutex);
    if (queue_.is_closed) {
      return;
    }
    queue_.tasks.push_back(std::move(step));
    if (std::exchange(queue_.is_running, true)) {
      return;
    }
  }
  run_([this] { drain(); });
}

void Approvals::drain() {
  const std::lock_guard steps(steps_);
  for (;;) {
    std::function<void()> step;
    {
      const std::lock_guard lock(queue_.mutex);
      if (queue_.tasks.empty()) {
        queue_.is_running = false;
        return;
      }
      step = std::move(queue_.tasks.front());
      queue_.tasks.pop_front();
    }
    step();
  }
}

void Approvals::close() {
  {
    const std::lock_guard lock(queue_.mutex);
    queue_.is_closed = true;
  }
  drain();
  const std::lock_guard steps(steps_);
  waiters_.clear();
}

// I6: recorded, then written, then it counts. False: it does not count.
bool Approvals::put(Operation operation) {
  if (!seal(key_, operation) || !record(operation) || !file_.change(operation)) {
    return false;
  }
  book_.put(std::move(operation));
  return true;
}

bool Approvals::record(const Operation& operation) {
  audit::Batch batch;
  batch.add(audit::OperationRecord{.ts_us = now_us(),
                                   .operation = operation.id,
                                   .event = approvals::to_string(operation.state),
                                   .request_id = operation.request_id,
                                   .secret = operation.secret,
                                   .caller = operation.caller,
                                   .digest = operation.digest,
                                   .by = operation.by,
                                   .how = operation.how});
  batch.is_urgent = true;
  RecordWaiter recorded;
  return log_->append(std::move(batch), &recorded, 0) && recorded.is_durable();
}

// --- of streams ---

std::string Approvals::ask(Of of, const flow::AskApproval& ask, Taker taker) {
  // What is posted can be copied, so what goes with it is shared. The views are the exchange's.
  const auto asked = std::make_shared<Asked>();
  asked->taker = std::move(taker);
  asked->of = std::move(of);
  asked->places = ask.places;
  asked->times = *ask.approval;
  asked->method = ask.method;
  asked->target = ask.target;
  asked->path = ask.path;
  asked->headers = ask.headers;
  asked->body = ask.body;
  if (!ask.operation.empty()) {
    post([this, asked, id = std::string(ask.operation)] { claim(id, *asked); });
    return "";
  }
  std::string id = make_id();
  post([this, asked, id] { open(id, asked); });
  return id;
}

void Approvals::open(const std::string& id, const std::shared_ptr<Asked>& asked) {
  expire_due();
  if (!book_.has_room(asked->of.caller)) {
    asked->taker(refused(Reason::too_many_held));
    return;
  }
  const auto digest = digest_of(*asked);
  const auto sealed = vault_->seal_backup(
      operation_seal(id),
      asked->method + " " + asked->target + "\n" + asked->headers + "\n" + asked->body);
  if (!digest || !sealed) {
    asked->taker(refused(Reason::limits_unavailable));
    return;
  }
  Operation operation = new_operation(id, *asked);
  operation.digest = *digest;
  operation.is_detached = asked->times.hold_ms == 0;
  if (!seal(key_, operation) || !record(operation) ||
      !file_.add(operation, {sealed->nonce, sealed->box})) {
    asked->taker(refused(Reason::limits_unavailable));
    return;
  }
  book_.put(operation);
  if (operation.is_detached) {
    asked->taker(refused(Reason::approval_pending, view_of(operation)));
    return;
  }
  asked->body.clear();  // it is sealed, and the exchange has it
  waiters_.emplace(id, asked);
}

Operation Approvals::new_operation(const std::string& id, Asked& asked) const {
  Operation operation;
  operation.id = id;
  operation.request_id = asked.of.request_id;
  operation.caller = asked.of.caller;
  operation.secret = secrets_of(*asked.of.bindings, asked.places);
  operation.host = http::to_string(asked.of.destination.authority);
  operation.method = asked.method;
  operation.path = asked.path;
  operation.body_bytes = asked.body.size();
  operation.body_sha256 = asked.body_sha256();
  operation.created_us = now_us();
  operation.changed_us = operation.created_us;
  operation.expires_us = operation.created_us + asked.times.expires_ms * kUsPerMs;
  operation.retry_us = asked.times.retry_ms * kUsPerMs;
  return operation;
}

std::string Approvals::Asked::body_sha256() {
  if (digest_of_body.empty()) {
    digest_of_body = bindings::sha256_hex(body);
  }
  return digest_of_body;
}

base::Result<std::string> Approvals::digest_of(Asked& asked) const {
  const std::string secret = secrets_of(*asked.of.bindings, asked.places);
  const std::string version =
      versions_of(*vault_, *asked.of.bindings, asked.places, now_us() / kUsPerSecond);
  const std::string binding = binding_of(*asked.of.bindings, secret);
  const std::string host = http::to_string(asked.of.destination.authority);
  const std::string body = asked.body_sha256();
  const std::string_view target = asked.target;
  const std::size_t query = target.find('?');
  const bool is_https = asked.of.destination.protocol == flow::Protocol::https;
  return flow::approval_digest(
      key_,
      {.caller = asked.of.caller,
       .secret = secret,
       .version = version,
       .binding = binding,
       .method = asked.method,
       .protocol = is_https ? "https" : "http",
       .host = host,
       .path = target.substr(0, query),
       .query = query == std::string_view::npos ? std::string_view() : target.substr(query + 1),
       .headers = asked.headers,
       .body_sha256 = body});
}

void Approvals::claim(std::string_view id, Asked& asked) {
  const auto operation = book_.find(id);
  if (!operation) {
    asked.taker(refused(Reason::approval_unknown));
    return;
  }
  const auto digest = digest_of(asked);
  if (!digest) {
    asked.taker(refused(Reason::limits_unavailable));
    return;
  }
  auto step = approvals::claim(*operation, asked.of.caller, *digest, now_us());
  if (std::holds_alternative<Operation>(step) && !is_in_force(asked)) {
    step = Refused::mismatch;
  }
  if (const auto* const why = std::get_if<Refused>(&step)) {
    const bool is_open = *why == Refused::pending;
    asked.taker(
        refused(reason_of(*why), is_open ? std::optional(view_of(*operation)) : std::nullopt));
    return;
  }
  send(std::get<Operation>(step), asked);
}

// I6: used up, durably, before a byte of it is sent.
void Approvals::send(const Operation& executing, const Asked& asked) {
  if (put(executing)) {
    asked.taker({std::nullopt, view_of(executing), now_us()});
  } else {
    asked.taker(refused(Reason::limits_unavailable));
  }
}

// Others may be since the request came.
bool Approvals::is_in_force(const Asked& asked) {
  const std::lock_guard lock(queue_.mutex);
  return queue_.in_force == asked.of.bindings->sha256;
}

// Its client waits for it on its connection.
void Approvals::grant(const Operation& approved, Asked& asked) {
  const auto digest = digest_of(asked);
  const auto step = digest && is_in_force(asked)
                        ? approvals::claim(approved, asked.of.caller, *digest, now_us())
                        : approvals::Step(Refused::mismatch);
  if (const auto* const why = std::get_if<Refused>(&step)) {
    // The secret or the bindings are others than were approved.
    const auto over = approvals::end_open(approved, State::expired, now_us());
    if (const auto* const expired = std::get_if<Operation>(&over)) {
      static_cast<void>(put(*expired));
    }
    asked.taker(refused(reason_of(*why)));
    return;
  }
  send(std::get<Operation>(step), asked);
}

void Approvals::end_hold(std::string id, flow::HoldEnd why) {
  post([this, id = std::move(id), why] { end(id, why); });
}

void Approvals::end(const std::string& id, flow::HoldEnd why) {
  auto waiter = waiters_.extract(id);
  const auto operation = book_.find(id);
  if (waiter.empty() || !operation) {
    return;  // decided just now, and told so
  }
  const Asked& asked = *waiter.mapped();
  const bool is_gone = why == flow::HoldEnd::client_gone;
  const bool is_accepted = !is_gone && asked.times.on_timeout == bindings::OnTimeout::accept;
  auto step = is_accepted
                  ? approvals::detach(*operation, now_us())
                  : approvals::end_open(
                        *operation, is_gone ? State::client_gone : State::expired, now_us());
  if (std::holds_alternative<Refused>(step)) {
    step = approvals::at(*operation, now_us());
  }
  const Operation& now = std::get<Operation>(step);
  const bool is_kept = put(now);
  if (is_gone) {
    return;
  }
  if (!is_kept) {
    asked.taker(refused(Reason::limits_unavailable));
  } else if (now.state == State::waiting) {
    asked.taker(refused(Reason::approval_pending, view_of(now)));
  } else {
    asked.taker(refused(Reason::approval_required));
  }
}

// What became of it stands in the log already, with the answer.
void Approvals::finish(std::string id, State state) {
  post([this, id = std::move(id), state] {
    const auto operation = book_.find(id);
    if (!operation) {
      return;
    }
    auto step = approvals::finish(*operation, state, now_us());
    auto* const now = std::get_if<Operation>(&step);
    if (now != nullptr && seal(key_, *now) && file_.change(*now)) {
      book_.put(*now);
    }
  });
}

std::optional<flow::OperationView> Approvals::find(std::string_view id,
                                                   std::string_view token,
                                                   std::string_view caller) const {
  const auto operation = book_.find(id);
  const auto expected = flow::operation_token(key_, id);
  if (!operation || !expected || operation->caller != caller ||
      !base::equal_constant_time(*expected, token)) {
    return std::nullopt;
  }
  return view_of(approvals::at(*operation, now_us()));
}

flow::OperationView Approvals::view_of(const Operation& operation) const {
  const auto token = flow::operation_token(key_, operation.id);
  return {.id = operation.id,
          .state = approvals::to_string(operation.state),
          .token = token ? *token : "",
          .is_terminal = approvals::is_terminal(operation.state),
          .may_be_sent = operation.state == State::approved,
          .expires_us = operation.expires_us,
          .retry_expires_us = operation.retry_expires_us};
}

// --- of whoever decides ---

Approvals::Outcome Approvals::decide(std::string_view id,
                                     bool allows,
                                     const approvals::Decider& who,
                                     std::uint64_t version) {
  const std::lock_guard steps(steps_);
  return take_decision(id, allows, who, version);
}

void Approvals::decide_later(std::string id,
                             bool allows,
                             approvals::Decider who,
                             std::uint64_t version,
                             std::function<void(Outcome)> told) {
  post([this, id = std::move(id), allows, who = std::move(who), version, told = std::move(told)] {
    told(take_decision(id, allows, who, version));
  });
}

Approvals::Outcome Approvals::take_decision(std::string_view id,
                                            bool allows,
                                            const approvals::Decider& who,
                                            std::uint64_t version) {
  const auto operation = book_.find(id);
  if (!operation) {
    return Outcome::unknown;
  }
  const auto step = approvals::decide(*operation, allows, who, version, now_us());
  if (const auto* const why = std::get_if<Refused>(&step)) {
    return *why == Refused::expired ? Outcome::expired : Outcome::decided;
  }
  const Operation& decided = std::get<Operation>(step);
  if (!put(decided)) {
    return Outcome::not_recorded;
  }
  auto waiter = waiters_.extract(decided.id);
  if (!waiter.empty() && allows) {
    grant(decided, *waiter.mapped());
  } else if (!waiter.empty()) {
    waiter.mapped()->taker(refused(Reason::approval_denied));
  }
  return Outcome::done;
}

void Approvals::tick() {
  if (!book_.is_empty()) {
    post([this] { expire_due(); });
  }
}

void Approvals::expire_due() {
  for (const Operation& operation : book_.due(now_us())) {
    const bool is_kept = put(operation);
    auto waiter = waiters_.extract(operation.id);
    if (!waiter.empty()) {
      waiter.mapped()->taker(
          refused(is_kept ? Reason::approval_required : Reason::limits_unavailable));
    }
  }
  for (const std::string& id : book_.outlived(now_us())) {
    if (file_.remove(id)) {
      book_.remove(id);
    }
  }
}

}  // namespace keyswap::net
