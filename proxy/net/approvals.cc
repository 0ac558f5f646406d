// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/approvals.h"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "audit/operation_record.h"
#include "proxy/base/bytes.h"
#include "proxy/flow/approval_digest.h"
#include "proxy/net/record_waiter.h"

namespace keyswap::net {

using approvals::Operation;
using approvals::Refused;
using approvals::State;
using audit::Reason;

namespace {

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
  const auto asked = std::make_shared<ApprovalAsked>();
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

void Approvals::open(const std::string& id, const std::shared_ptr<ApprovalAsked>& asked) {
  expire_due();
  if (!book_.has_room(asked->of.caller)) {
    asked->taker(refused(Reason::too_many_held));
    return;
  }
  const auto digest = asked->digest(key_, *vault_, now_us());
  const auto sealed = vault_->seal_backup(
      operation_seal(id),
      asked->method + " " + asked->target + "\n" + asked->headers + "\n" + asked->body);
  if (!digest || !sealed) {
    asked->taker(refused(Reason::limits_unavailable));
    return;
  }
  Operation operation = asked->operation(id, now_us());
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

void Approvals::claim(std::string_view id, ApprovalAsked& asked) {
  const auto operation = book_.find(id);
  if (!operation) {
    asked.taker(refused(Reason::approval_unknown));
    return;
  }
  const auto digest = asked.digest(key_, *vault_, now_us());
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
void Approvals::send(const Operation& executing, const ApprovalAsked& asked) {
  if (put(executing)) {
    asked.taker({std::nullopt, view_of(executing), now_us()});
  } else {
    asked.taker(refused(Reason::limits_unavailable));
  }
}

// Others may be since the request came.
bool Approvals::is_in_force(const ApprovalAsked& asked) {
  const std::lock_guard lock(queue_.mutex);
  return queue_.in_force == asked.of.bindings->sha256;
}

// Its client waits for it on its connection.
void Approvals::grant(const Operation& approved, ApprovalAsked& asked) {
  const auto digest = asked.digest(key_, *vault_, now_us());
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
  const ApprovalAsked& asked = *waiter.mapped();
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
