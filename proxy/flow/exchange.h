// SPDX-License-Identifier: Apache-2.0
//
// One request and its response, as a machine: events in, actions out; no socket, file, clock or
// thread. The order that protects the secret is this file's: decide, open the secret, reach the
// verified upstream, make the decision durable (I6), and only then send. What it takes in which
// situation is in exchange_table.h, all transitions are in exchange.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bindings/binding.h"
#include "bindings/edits.h"
#include "bindings/signer.h"
#include "proxy/base/bounds.h"
#include "proxy/base/buffer.h"
#include "proxy/flow/action.h"
#include "proxy/flow/body_pace.h"
#include "proxy/flow/decide.h"
#include "proxy/flow/destination.h"
#include "proxy/flow/event.h"
#include "proxy/flow/exchange_table.h"
#include "proxy/flow/filter.h"
#include "proxy/flow/outgoing_request.h"
#include "proxy/flow/reply.h"
#include "proxy/flow/scrub.h"
#include "proxy/flow/substitute.h"
#include "proxy/http/message.h"
#include "vault/holdings.h"
#include "vault/secret.h"

namespace keyswap::flow {

class Exchange {
 public:
  struct Setup {
    Destination destination;
    std::shared_ptr<const bindings::Bindings> bindings;  // I14: kept to the end
    std::string request_id;
    vault::LockedBuffer* scratch = nullptr;  // shared by the exchanges of a loop; outlives them
    std::int64_t now_us = 0;                 // since 1970
    std::string caller;                      // who sends it, "" unknown
    // What all exchanges of the loop hold of bodies that signers read; outlives them. Null: not
    // counted.
    std::size_t* collected_bytes = nullptr;
    FormCache* form_cache = nullptr;      // of the loop; outlives them; null: none
    vault::Holdings* holdings = nullptr;  // of all loops; outlives them; null: not counted
  };

  explicit Exchange(Setup setup);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  Exchange(Exchange&&) = delete;
  Exchange& operator=(Exchange&&) = delete;
  ~Exchange();

  // Takes one event, appends what it asks for. Nothing happens inside but computation. An event
  // that the situation does not take (exchange_table.h) changes nothing, or ends the exchange.
  void on(Event event, Actions& actions);

  // The actions have been carried out: what they had views of, and is sent for good, goes.
  void carried_out();

  // The connection will not be kept after this exchange, whatever the client would like.
  void drain() { is_draining_ = true; }

  [[nodiscard]] bool is_finished() const { return std::holds_alternative<Finished>(state_); }

  [[nodiscard]] const Destination& destination() const { return setup_.destination; }

  [[nodiscard]] const bindings::Bindings& bindings() const { return *setup_.bindings; }

  [[nodiscard]] const std::string& request_id() const { return setup_.request_id; }

  // What the judged order is, if it is one; until the exchange ends.
  [[nodiscard]] const std::optional<bindings::OrderInfo>& order() const { return order_; }

  // The client's own signature was not made with the placeholder secret (Judgement::is_unproven).
  [[nodiscard]] bool is_unproven() const { return is_unproven_; }

  // Does it wait for Charged?
  [[nodiscard]] bool awaits_charge() const { return std::holds_alternative<Charging>(state_); }

  // May more of the request's body be handed in? Not before it is asked for, nor after its end, and
  // no more once the request is refused.
  [[nodiscard]] bool wants_body() const;

  // Will it send something once its record is durable?
  [[nodiscard]] bool is_about_to_send() const {
    return situation() == Situation::recording && !is_client_gone_;
  }

  // Where it stands in the table of what it takes.
  [[nodiscard]] Situation situation() const;

  // What the response answers, for who decodes it.
  [[nodiscard]] http::AnswerTo answer_to() const;

  // The request that asked for a WebSocket, once that is granted: its target, without secrets.
  [[nodiscard]] std::string_view target() const { return target_; }

 private:
  struct AwaitingHead {};

  struct Collecting {  // a signer reads the body before anything is done
    BodyPace pace;
  };

  struct Charging {};

  struct FetchingSecrets {};

  struct Dialing {};

  struct Recording {};  // the verdict; a refusal is answered then, everything else sent

  struct Relaying {
    bool client_done = false;  // the request is sent as a whole
    bool head_passed = false;  // the client has the final response head
    std::size_t interim_count = 0;
    int status = 0;
    bool upstream_reusable = false;
    std::int64_t rest_ms = 0;  // how long it may rest then
    bool keeps_client = false;
    std::uint64_t body_bytes = 0;
    BodyPace pace;  // of the request's body, while that is waited for
    Wait wait = Wait::none;
  };

  struct Finished {};

  void handle(ClientHead& event, Actions& actions);
  void handle(const ClientRefused& event, Actions& actions);
  void handle(const ClientBody& event, Actions& actions);
  void handle(const ClientEnd& event, Actions& actions);
  void handle(const ClientGone& event, Actions& actions);
  void handle(const Charged& event, Actions& actions);
  void handle(SecretsReady& event, Actions& actions);
  void handle(SecretsUnavailable& event, Actions& actions);
  void handle(const Dialed& event, Actions& actions);
  void handle(const DialFailed& event, Actions& actions);
  void handle(const RecordDone& event, Actions& actions);
  void handle(UpstreamHead& event, Actions& actions);
  void handle(const UpstreamBody& event, Actions& actions);
  void handle(const UpstreamEnd& event, Actions& actions);
  void handle(const UpstreamBroken& event, Actions& actions);
  void handle(const NotWritten& event, Actions& actions);
  void handle(const TimedOut& event, Actions& actions);

  // From the verdict to the secrets (exchange_admission.cc).
  void admit(Actions& actions);
  void collect(Actions& actions);
  void release_body();
  void collect_body(std::string_view bytes, Collecting& collecting, Actions& actions);
  void judge(Actions& actions);
  void charge(const bindings::Judgement& judgement, Actions& actions);
  void fetch_secrets(Actions& actions);
  base::Status prepare(std::span<const vault::Secret> secrets);
  base::Status prepare_signed(const bindings::Signer& signer,
                              std::span<const vault::Secret> secrets);
  void edit_for_route();
  base::Status hold(const vault::Secret& secret);
  base::Status look_for(std::span<const vault::Secret> secrets);
  void stop_looking();
  void refuse_secret(std::string name, SecretFault fault, Actions& actions);
  void settle(ChargeFate fate, Actions& actions);
  [[nodiscard]] Credential credential() const;
  [[nodiscard]] const bindings::SecretRule& rule() const;
  [[nodiscard]] const bindings::Scope& scope() const;
  [[nodiscard]] Request request() const;
  [[nodiscard]] bindings::WholeRequest whole_request() const;

  void cut(Actions& actions);
  void give_up_waiting(const TimedOut& event, Actions& actions);
  void record(Actions& actions);
  void refuse(audit::Reason reason, Actions& actions);
  void wipe();
  void forward_body(std::string_view bytes, Relaying& relaying, Actions& actions);
  void pass_body(std::string_view bytes, bool is_last, Relaying& relaying, Actions& actions);
  void pass_interim(const http::ResponseHead& head, Relaying& relaying, Actions& actions);
  void pass_head(const http::ResponseHead& head, Relaying& relaying, Actions& actions);
  void pass_switching(const http::ResponseHead& head, Actions& actions);
  void answer(audit::Reason reason, Actions& actions);
  void fail_sent(audit::Reason reason, audit::Outcome outcome, Actions& actions);
  void abort_response(const Relaying& relaying, audit::Outcome outcome, Actions& actions);
  void refuse_response(base::Failure failure, Actions& actions);
  void set_wait(Relaying& relaying, Wait wait, Actions& actions);
  void finish(ClientFate client, Actions& actions);
  [[nodiscard]] bool has_request_body() const;
  [[nodiscard]] Relaying& relaying();
  [[nodiscard]] ReleaseUpstream release_after(const Relaying& relaying) const;

  // The sending (exchange_send.cc).
  void send_request(Actions& actions);
  [[nodiscard]] bool send_head(Actions& actions);
  [[nodiscard]] base::Status fill_place();
  void cannot_send(audit::Reason reason, Actions& actions);
  [[nodiscard]] audit::Outcome outcome_unsent() const;

  // Sending it once more (exchange_resend.cc).
  [[nodiscard]] bool is_safe() const;
  [[nodiscard]] bool may_be_sent_again(const UpstreamBroken& event, const Relaying& relaying) const;
  void send_again(Actions& actions);
  void dial_anew(Actions& actions);

  Setup setup_;
  std::variant<AwaitingHead,
               Collecting,
               Charging,
               FetchingSecrets,
               Dialing,
               Recording,
               Relaying,
               Finished>
      state_;
  std::optional<http::RequestHead> head_;
  std::optional<ReverseUse> reverse_;
  std::string_view target_;  // into head_, reverse_ or made_target_
  std::string made_target_;
  Verdict verdict_;
  bool is_sent_again_ = false;  // exchange_resend.cc says when
  bool is_login_ = false;       // I16: one side logs in, on the connection to the upstream
  std::string missing_secret_;
  base::Failure failure_;  // what was seen, where something failed
  base::Note flaw_ = "";   // of a request that is refused for its bytes
  std::optional<SecretFault> secret_fault_;
  // Between SecretsReady and the sending, or whatever comes instead of it (I1): what the credential
  // is rendered from, where no signer made edits of it.
  std::vector<vault::Secret> secrets_;
  bindings::Edits edits_;
  vault::Holder holder_;          // counts what both hold
  bool is_head_leaving_ = false;  // until the actions that send it are carried out
  FilterChain answer_filters_;    // stages of the response's body
  Scrubber* scrubber_ = nullptr;  // one of them, where the rule's answers are scrubbed (I8)
  std::optional<bindings::OrderInfo> order_;
  base::Buffer body_{base::bounds::kSignedBodyBytesMax};  // the whole body, if it was collected
  bool is_collected_ = false;
  bool is_unproven_ = false;
  bool is_charged_ = false;
  bool is_record_late_ = false;
  std::uint64_t nonce_ = 0;
  std::int64_t retry_after_ms_ = 0;
  std::uint64_t request_body_bytes_ = 0;
  bool is_client_gone_ = false;
  bool is_draining_ = false;
  base::Buffer filtered_{base::bounds::kLegUnreadBytesMax};  // a piece of the response
  std::optional<http::ResponseHead> answer_;  // of the upstream, while it is passed on
  std::string reply_body_;                    // of an answer of our own, likewise
};

}  // namespace keyswap::flow
