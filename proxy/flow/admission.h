// SPDX-License-Identifier: Apache-2.0
//
// The one road to a secret, for a request and for a message of a WebSocket. What was judged is
// charged for; its secrets are fetched; what will be sent is made of them, and a request reaches
// its upstream; the decision is recorded; and only then may it be sent (I6). Each step may take its
// time, and its wait has an end. What a person decides on comes here once it is decided
// (proxy/flow/exchange_approval.cc): limits are judged when it is sent.
//
// Not for how it is judged, what is made of the secrets, and the sending: these are the machine's
// that owns it (flow::Exchange, flow::WebSocket). Which events it may hand in here is in the
// machine's table.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "audit/record.h"
#include "bindings/binding.h"
#include "bindings/signer.h"
#include "proxy/base/cause.h"
#include "proxy/flow/action.h"
#include "proxy/flow/decide.h"
#include "proxy/flow/event.h"
#include "proxy/flow/secret_fault.h"
#include "proxy/flow/spending.h"

namespace keyswap::flow {

using AdmissionAction = std::variant<SetWait, Charge, FetchSecrets, Record>;

// Where it says what it asks for: at the end of its machine's own list.
class Asks {
 public:
  template <typename MachineAction>
  explicit Asks(std::vector<MachineAction>& actions)
      : actions_(&actions), add_([](void* list, AdmissionAction&& asked) {
          std::visit(
              [list](auto& one) {
                static_cast<std::vector<MachineAction>*>(list)->emplace_back(std::move(one));
              },
              asked);
        }) {}

  void operator()(AdmissionAction asked) const { add_(actions_, std::move(asked)); }

 private:
  void* actions_;
  void (*add_)(void*, AdmissionAction&&);
};

class Admission {
 public:
  enum class Step : std::uint8_t {
    judging,  // nothing was asked for
    charging,
    fetching,
    admitted,   // what it needs is there
    recording,  // a refusal, too
    recorded,
  };

  // What a record shows of it.
  struct Shown {
    std::string_view method;  // of bytes that live until the record is made
    std::string path;         // as shown_path gives it
  };

  // Why it is refused; nothing: it goes on.
  using Refusal = std::optional<audit::Reason>;

  // `bindings`: what it is judged by (I14).
  explicit Admission(std::shared_ptr<const bindings::Bindings> bindings)
      : bindings_(std::move(bindings)) {}

  // --- judging ---

  void decide(Verdict verdict) { verdict_ = std::move(verdict); }

  // `judgement`: what its signer said; empty where it has none. What it costs is charged, and then
  // its secrets are fetched; where it costs nothing, they are at once. Gives the signer's refusal.
  [[nodiscard]] Refusal admit(bindings::Judgement judgement, const Asks& asks);
  // Without a secret of its own: what it costs is charged, and nothing is fetched.
  [[nodiscard]] Refusal admit_bare(bindings::Judgement judgement, const Asks& asks);

  // --- what was asked for came, or did not ---

  [[nodiscard]] Refusal take(const Charged& event, const Asks& asks);

  void take_secrets() { state_ = Admitted{}; }

  [[nodiscard]] Refusal take(SecretsUnavailable& event);
  // The wait of the step is over.
  [[nodiscard]] Refusal time_out();
  [[nodiscard]] Refusal take(const RecordDone& event);

  // --- the rest of the road ---

  // The secrets once more, for what is sent once more.
  void fetch(const Asks& asks);
  // They are there, and cannot be used.
  [[nodiscard]] audit::Reason refuse_secrets(SecretFault fault);

  // What came for that entry in its answer is not kept.
  [[nodiscard]] audit::Reason lose_captured(std::string name) {
    return refuse_secret(std::move(name), SecretFault::not_kept);
  }

  // From now on it is refused.
  void refuse(audit::Reason reason);
  void record(Shown shown, const Asks& asks);
  // Its record is made anew by other means (DialAnew).
  void await_record(const Asks& asks);

  // Budgets of its scopes are charged for `spending`, which outlives it.
  void spend(const Spending* spending) { spending_ = spending; }

  // Was something charged that is not settled yet? It is, from now on.
  [[nodiscard]] bool end_charge() { return std::exchange(is_charged_, false); }

  // It is signed for a time so much later than this machine's; for its record, too.
  void shift_clock(std::int64_t shift_us) { clock_shift_us_ = shift_us; }

  [[nodiscard]] std::int64_t clock_shift_us() const { return clock_shift_us_; }

  // What was seen of a failure; for its record.
  void fail(base::Failure failure) { failure_ = std::move(failure); }

  // --- what is known of it ---

  [[nodiscard]] Step step() const;

  [[nodiscard]] const Verdict& verdict() const { return verdict_; }

  [[nodiscard]] bool is_refused() const { return verdict_.decision == audit::Decision::refused; }

  [[nodiscard]] bool is_allowed() const { return verdict_.decision == audit::Decision::allowed; }

  [[nodiscard]] const bindings::Bindings& bindings() const { return *bindings_; }

  // Only where the verdict names a rule; the scope only of what is allowed, and of the first use.
  [[nodiscard]] const bindings::SecretRule& rule() const;
  [[nodiscard]] const bindings::Scope& scope() const;
  // The least that a scope of what is allowed says; nothing: none says anything.
  [[nodiscard]] std::optional<std::uint64_t> max_body_bytes() const;
  [[nodiscard]] std::optional<std::int64_t> response_timeout_ms() const;

  [[nodiscard]] std::uint64_t nonce() const { return nonce_; }

  [[nodiscard]] std::int64_t retry_after_ms() const { return retry_after_ms_; }

  [[nodiscard]] const std::string& missing_secret() const { return missing_secret_; }

  [[nodiscard]] std::optional<SecretFault> secret_fault() const { return secret_fault_; }

  [[nodiscard]] const base::Failure& failure() const { return failure_; }

 private:
  struct Judging {};

  struct Charging {
    bool needs_secrets = true;
    std::size_t use = 0;  // which one's scope is charged; the others one after the other
  };

  struct Fetching {};

  struct Admitted {};

  struct Recording {};

  struct Recorded {};

  Refusal begin(bindings::Judgement judgement, Charging charging, const Asks& asks);
  // Asks for the charge of the first use, from that one on, whose scope costs something. False:
  // there is none.
  bool charge(const bindings::Judgement& judgement, Charging charging, const Asks& asks);
  [[nodiscard]] bool is_charged_before(std::size_t use) const;
  [[nodiscard]] const bindings::Scope& scope_of(const Use& use) const;
  audit::Reason refuse_secret(std::string name, SecretFault fault);

  std::shared_ptr<const bindings::Bindings> bindings_;
  std::variant<Judging, Charging, Fetching, Admitted, Recording, Recorded> state_;
  Verdict verdict_;
  std::optional<bindings::OrderInfo> order_;  // what the judged order is, if it is one
  bool is_unproven_ = false;                  // Judgement::is_unproven
  const Spending* spending_ = nullptr;        // null: it spends nothing of a budget
  bool is_charged_ = false;
  std::uint64_t nonce_ = 0;
  std::int64_t clock_shift_us_ = 0;
  std::int64_t retry_after_ms_ = 0;
  std::string missing_secret_;
  std::optional<SecretFault> secret_fault_;
  base::Failure failure_;  // what was seen, where something failed
};

}  // namespace keyswap::flow
