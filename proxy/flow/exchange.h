// SPDX-License-Identifier: Apache-2.0
//
// One request and its response, as a machine: events in, actions out; no socket, file, clock or
// thread. It decides, makes what is sent of the secrets, and relays. The order that protects the
// secret (I6) is the admission's (proxy/flow/admission.h); between the secrets and the record this
// machine reaches the verified upstream. What it takes in which situation is in exchange_table.h;
// where each event leads is at the head of exchange.cc. Owned by a stream (proxy/net/stream.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "bindings/binding.h"
#include "bindings/edits.h"
#include "bindings/signer.h"
#include "proxy/base/bounds.h"
#include "proxy/base/buffer.h"
#include "proxy/flow/action.h"
#include "proxy/flow/admission.h"
#include "proxy/flow/answer_capture.h"
#include "proxy/flow/answer_filters.h"
#include "proxy/flow/approval_hold.h"
#include "proxy/flow/body_pace.h"
#include "proxy/flow/body_swap.h"
#include "proxy/flow/collected_body.h"
#include "proxy/flow/decide.h"
#include "proxy/flow/decide_body.h"
#include "proxy/flow/destination.h"
#include "proxy/flow/event.h"
#include "proxy/flow/exchange_table.h"
#include "proxy/flow/findings.h"
#include "proxy/flow/known_secrets.h"
#include "proxy/flow/outgoing_request.h"
#include "proxy/flow/override_watch.h"
#include "proxy/flow/placeholder_watch.h"
#include "proxy/flow/real_sighting.h"
#include "proxy/flow/real_values.h"
#include "proxy/flow/reply.h"
#include "proxy/flow/short_answer.h"
#include "proxy/flow/spending.h"
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
    CollectedShare collected = {};           // of what the loop's machines hold of bodies; its own
    KnownSecrets* known = nullptr;        // of all loops; outlives them; null: of its own request
    vault::Holdings* holdings = nullptr;  // of all loops; outlives them; null: not counted
    const RealValues* real = nullptr;     // of all loops; outlives them; null: none is looked for
    const Operations* operations = nullptr;  // likewise; null: there are none
  };

  explicit Exchange(Setup setup);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  Exchange(Exchange&&) = delete;
  Exchange& operator=(Exchange&&) = delete;
  ~Exchange() = default;

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

  // Does it wait for Charged?
  [[nodiscard]] bool awaits_charge() const { return awaits(Admission::Step::charging); }

  // Does it wait for SecretsReady or SecretsUnavailable?
  [[nodiscard]] bool awaits_secrets() const { return awaits(Admission::Step::fetching); }

  // Does it wait for Decided?
  [[nodiscard]] bool awaits_decision() const { return situation() == Situation::holding; }

  // Does it wait for CaptureDone?
  [[nodiscard]] bool awaits_capture() const { return situation() == Situation::capturing; }

  // Is something of the answer kept back that goes on when it pauses? Then Paused may be handed in.
  [[nodiscard]] bool keeps_back() const;

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
  [[nodiscard]] std::string_view target() const {
    return asked_ ? asked_->target : std::string_view();
  }

 private:
  // What the client asked for.
  struct Asked {
    http::RequestHead head;
    std::optional<ReverseUse> reverse;
    std::string made_target;
    std::string_view target = {};   // into one of these
    bool is_target_masked = false;  // no record shows it as it is
    bool opens_tunnel = false;      // ClientHead::opens_tunnel
  };

  // What will be sent is made of this, between SecretsReady and the sending, or whatever comes
  // instead of it (I1).
  struct Prepared {
    std::vector<vault::Secret> secrets;  // of what no signer made edits for
    bindings::Edits edits;
    vault::Holder holder;                               // counts what both hold
    AnswerFilters filters;                              // of the response
    std::int64_t now_us = 0;                            // since 1970, when the secrets were opened
    std::unique_ptr<bindings::BodySigner> body_signer;  // null: the body is not signed as it passes
  };

  // A body that a signer signs anew as it passes (exchange_signed_body.cc).
  struct Resigning {
    explicit Resigning(std::unique_ptr<bindings::BodySigner> its_signer)
        : signer(std::move(its_signer)) {}

    std::unique_ptr<bindings::BodySigner> signer;
    // What leaves of one piece.
    base::Buffer signed_bytes{base::bounds::kSignedChunkBytesMax +
                              2 * base::bounds::kLegUnreadBytesMax};
  };

  // A run of bytes of a body that was held, or where a credential comes in it.
  struct BodyPiece {
    std::string_view bytes;
    std::optional<PlaceOf> place;
    bool is_nested = false;  // as BodySwap::Step has it
  };

  // A body that secrets may be put into (exchange_body.cc).
  struct Swapping {
    // What comes at a place, as it is written in this body.
    struct Ready {
      PlaceOf place;
      std::uint32_t scope = 0;
      vault::Secret written;
    };

    Swapping(BodySwap its_swap, vault::Holder its_holder)
        : swap(std::move(its_swap)), holder(std::move(its_holder)) {}

    BodySwap swap;
    vault::Holder holder;                // counts what is ready
    std::vector<Ready> ready;            // used already, and recorded or about to be
    std::vector<std::uint32_t> swapped;  // whose placeholders stood in places, again and again
    std::vector<BodyPiece> pieces;       // of a body that was held to its end
    OverrideWatch overrides;             // of one that is sent on
    std::optional<Admission> admission;  // of a secret that is waited for in the middle of a body
    std::uint64_t held_bytes = 0;
    bool is_streamed = false;   // it follows its head as it comes
    bool is_continued = false;  // its client was told to go on
    bool has_ended = false;
    bool is_nested = false;   // what is waited for comes where a string is read twice
    bool has_charge = false;  // in the middle of the body, something was charged
  };

  // What actions have views of, until they are carried out.
  struct Leaving {
    std::unique_ptr<Prepared> request;
    std::optional<http::ResponseHead> answer;                // of the upstream
    base::Buffer filtered{base::bounds::kFilteredBytesMax};  // a piece of the response
    std::unique_ptr<ShortAnswer> whole;                      // of the upstream
    std::unique_ptr<AnswerCapture> captured;                 // likewise
    std::string reply_body;                                  // of an answer of our own
  };

  // May a part of an answer be asked for?
  enum class Ranges : std::uint8_t { drop, keep };

  struct AwaitingHead {};

  struct Collecting {  // a signer reads the body before anything is done
    BodyPace pace;
  };

  struct Holding {};  // a person decides

  struct Admitting {};  // where exactly: Admission::step()

  struct Dialing {
    std::unique_ptr<Prepared> prepared;
  };

  struct Recording {  // the verdict; a refusal is answered then, everything else sent
    std::unique_ptr<Prepared> prepared;  // null: nothing will be sent
  };

  struct Relaying {
    AnswerFilters filters;
    bool client_done = false;           // the request is sent as a whole
    bool has_head = false;              // the final response head
    std::unique_ptr<ShortAnswer> held;  // null: what came of the answer has gone on
    // Null: nothing of the answer is captured. Else nothing of it has gone on.
    std::unique_ptr<AnswerCapture> capture;
    bool is_keeping = false;  // the answer is whole, and what is captured of it is being kept
    std::size_t interim_count = 0;
    int status = 0;
    bool upstream_reusable = false;
    std::int64_t rest_ms = 0;  // how long it may rest then
    bool keeps_client = false;
    std::uint64_t request_body_bytes = 0;
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
  void handle(Decided& event, Actions& actions);
  void handle(SecretsReady& event, Actions& actions);
  void handle(SecretsUnavailable& event, Actions& actions);
  void handle(const Dialed& event, Actions& actions);
  void handle(const DialFailed& event, Actions& actions);
  void handle(const RecordDone& event, Actions& actions);
  void handle(const CaptureDone& event, Actions& actions);
  void handle(UpstreamHead& event, Actions& actions);
  void handle(const UpstreamBody& event, Actions& actions);
  void handle(const UpstreamEnd& event, Actions& actions);
  void handle(const UpstreamBroken& event, Actions& actions);
  void handle(const NotWritten& event, Actions& actions);
  void handle(const TimedOut& event, Actions& actions);
  void handle(const Paused& event, Actions& actions);

  // The request's body (exchange_body.cc, exchange_upload.cc).
  void begin_body();
  void hold_body(Actions& actions);
  void hold_piece(std::string_view bytes, Collecting& collecting, Actions& actions);
  void judge_with_body(Actions& actions);
  [[nodiscard]] bool read_whole_body(BodyFound& found);
  void look_past_credential();
  [[nodiscard]] bool look_at_whole_body();
  [[nodiscard]] std::optional<audit::Reason> take_occurrence(const SwapPlace& place,
                                                             std::uint64_t body_bytes);
  base::Status write_for_body(const Use& use, const bindings::RenderInput& input);
  base::Status write_all_for_body(const Prepared& prepared);
  base::Status ready_in_body(const Use& use, const SecretsReady& event, AnswerFilters& filters);
  void edit_for_body(bindings::Edits& edits) const;
  void send_held_body(Actions& actions) const;
  [[nodiscard]] std::string_view written(const PlaceOf& place) const;
  [[nodiscard]] base::Status check_nested(const PlaceOf& place) const;
  [[nodiscard]] bool send_body(Relaying& relaying, Actions& actions);
  [[nodiscard]] bool send_credential(const BodySwap::Step& step,
                                     Relaying& relaying,
                                     Actions& actions);
  [[nodiscard]] bool check_overrides(std::optional<Use> next, Relaying& relaying, Actions& actions);
  void admit_in_body(const Use& use, Relaying& relaying, Actions& actions);
  [[nodiscard]] bool is_charged_for(const Use& use) const;
  void charged_in_body(const Charged& event, Relaying& relaying, Actions& actions);
  void fetched_in_body(const SecretsReady& event, Relaying& relaying, Actions& actions);
  void not_fetched_in_body(SecretsUnavailable& event, Relaying& relaying, Actions& actions);
  void recorded_in_body(const RecordDone& event, Relaying& relaying, Actions& actions);
  void time_out_in_body(Relaying& relaying, Actions& actions);
  void go_on_with_body(Relaying& relaying, Actions& actions);
  void end_upload(Relaying& relaying, Actions& actions);
  [[nodiscard]] bool look_at_body(std::string_view bytes, Relaying& relaying, Actions& actions);
  [[nodiscard]] bool is_body_held() const;
  void drop_admission_in_body();
  // The admission in the middle of a body, if it is at that step.
  [[nodiscard]] Admission* admission_in_body(Admission::Step step);
  [[nodiscard]] bool look_for_placeholders(std::string_view bytes,
                                           Relaying& relaying,
                                           Actions& actions);
  [[nodiscard]] Record noted(audit::Decision decision,
                             audit::Reason reason,
                             std::optional<std::uint32_t> rule) const;
  void note(audit::Decision decision, audit::Reason reason, std::uint32_t rule, Actions& actions);
  void cut_upload(audit::Reason reason, Relaying& relaying, Actions& actions);
  void refuse_body(audit::Reason reason, std::uint32_t rule, Relaying& relaying, Actions& actions);
  [[nodiscard]] const Admission& told() const;
  void fail(base::Failure failure);
  [[nodiscard]] std::optional<std::uint64_t> body_bytes_max() const;
  [[nodiscard]] std::optional<std::int64_t> response_timeout_ms() const;

  // A body that a signer does not collect (exchange_signed_body.cc).
  base::Status prepare_what_leaves(const bindings::Signer& signer,
                                   std::span<const vault::Secret> secrets,
                                   Prepared& prepared) const;
  void sign_body(std::string_view bytes, Relaying& relaying, Actions& actions);
  [[nodiscard]] bool end_signed_body(Relaying& relaying, Actions& actions);
  void refuse_signed_body(const base::Error& error, Relaying& relaying, Actions& actions);

  // From the verdict to the secrets (exchange_admission.cc).
  void go_on_with_head(Actions& actions);
  void admit(Actions& actions);
  void collect(Actions& actions);
  void wait_for_body(Actions& actions);
  void collect_body(std::string_view bytes, Collecting& collecting, Actions& actions);
  void judge(Actions& actions);
  [[nodiscard]] bool is_under_body_rules() const;
  [[nodiscard]] std::optional<audit::Reason> check_whole_body();
  void ask_signer(Actions& actions);
  void go_on(const Admission::Refusal& refusal, Actions& actions);
  static base::Status hold(const vault::Secret& secret, Prepared& prepared);
  static base::Status hold_edits(Prepared& prepared);
  base::Status prepare(std::span<const vault::Secret> secrets, Prepared& prepared) const;
  base::Status prepare_signed(const bindings::Signer& signer,
                              std::span<const vault::Secret> secrets,
                              Prepared& prepared) const;
  void follow_clock(std::int64_t shift_us);
  [[nodiscard]] bindings::SignInput sign_input(std::span<const vault::Secret> secrets,
                                               const Prepared& prepared) const;
  void edit_for_route(bindings::Edits& edits) const;
  void settle(ChargeFate fate, Actions& actions);
  [[nodiscard]] bool awaits(Admission::Step step) const;
  [[nodiscard]] Credentials credentials(const Prepared& prepared) const;

  [[nodiscard]] const Verdict& verdict() const { return admission_.verdict(); }

  [[nodiscard]] const bindings::SecretRule& rule() const { return admission_.rule(); }

  [[nodiscard]] const bindings::Scope& scope() const { return admission_.scope(); }

  [[nodiscard]] Request request() const;
  [[nodiscard]] bindings::WholeRequest whole_request() const;

  // A person's decision (exchange_approval.cc).
  [[nodiscard]] std::optional<bindings::ApprovalRule> approval_rule() const;
  [[nodiscard]] bool needs_decision();
  void ask_for_decision(Actions& actions);
  void time_out_hold(Actions& actions);
  std::optional<audit::Reason> check_question(std::optional<audit::Reason> refusal);
  [[nodiscard]] std::string origin_of_operations() const;
  [[nodiscard]] Reply reply_with_hold() const;

  void protocol_violation(Actions& actions);
  void cut(Actions& actions);
  void give_up_waiting(const TimedOut& event, Actions& actions);
  void record(std::unique_ptr<Prepared> prepared, Actions& actions);
  [[nodiscard]] Admission::Shown shown() const;
  void refuse(audit::Reason reason, Actions& actions);
  void forward_body(std::string_view bytes, Relaying& relaying, Actions& actions);
  void pass_interim(const http::ResponseHead& head, Relaying& relaying, Actions& actions);
  void pass_head(const http::ResponseHead& head, Relaying& relaying, Actions& actions);
  [[nodiscard]] bool send_head(const http::ResponseHead& head,
                               std::optional<std::uint64_t> length,
                               Relaying& relaying,
                               Actions& actions);
  [[nodiscard]] std::optional<audit::Reason> reason_to_tell(int status) const;
  void pass_switching(const http::ResponseHead& head, Actions& actions);
  void answer(audit::Reason reason, Actions& actions);
  [[nodiscard]] Reply reply_for(audit::Reason reason) const;
  [[nodiscard]] Reply reply_with_bindings() const;
  [[nodiscard]] bool answers_in_tunnel(audit::Reason reason) const;
  void fail_sent(audit::Reason reason, audit::Outcome outcome, Actions& actions);
  void abort_response(Relaying& relaying, audit::Outcome outcome, Actions& actions);
  void refuse_response(base::Failure failure, Actions& actions);
  void set_wait(Relaying& relaying, Wait wait, Actions& actions);
  void finish(ClientFate client, Actions& actions);
  [[nodiscard]] bool has_request_body() const;
  [[nodiscard]] Relaying& relaying();
  [[nodiscard]] std::unique_ptr<Prepared> take_prepared();
  [[nodiscard]] ReleaseUpstream release_after(const Relaying& relaying) const;

  // What is looked for in the answer (exchange_scrub.cc).
  template <typename Test>
  [[nodiscard]] bool any_scope(Test test) const;
  [[nodiscard]] bool sends_secrets() const;
  [[nodiscard]] bool is_unscrubbed() const;
  base::Status look_for(const Credentials& sent, AnswerFilters& filters);
  base::Status look_for_derived(const Credentials& sent,
                                std::vector<WantedSecret> wanted,
                                AnswerFilters& filters);
  base::Status know(std::span<const WantedSecret> wanted, AnswerFilters& filters);
  void look_for_known(AnswerFilters& filters);
  void ask_plainly(bindings::Edits& edits, Ranges ranges = Ranges::drop) const;
  [[nodiscard]] bool is_asked_plainly() const;
  std::optional<base::Failure> open_filters(const http::ResponseHead& head, AnswerFilters& filters);
  [[nodiscard]] bool blocks_uninspectable() const;
  void pass_body(std::string_view bytes, bool is_last, Relaying& relaying, Actions& actions);
  [[nodiscard]] bool is_clean(Relaying& relaying);
  [[nodiscard]] bool filter(std::string_view bytes, bool is_last, Relaying& relaying);
  [[nodiscard]] bool send_filtered(std::string_view bytes,
                                   std::optional<std::uint64_t> length,
                                   Relaying& relaying,
                                   Actions& actions);
  [[nodiscard]] bool let_go(Relaying& relaying, Actions& actions);
  static void send_body(std::string_view bytes, Actions& actions);
  void cut_filtered(Relaying& relaying, Actions& actions);
  void tell_findings(Actions& actions) const;
  void end_answer(const Relaying& relaying, Actions& actions);
  void tell_spent(Actions& actions) const;

  // Does the client have some of the answer?
  [[nodiscard]] static bool has_begun(const Relaying& relaying) {
    return relaying.has_head && relaying.held == nullptr && relaying.capture == nullptr;
  }

  // What is captured of the answer (exchange_capture.cc).
  [[nodiscard]] std::vector<bindings::CaptureUse> find_captures() const;
  [[nodiscard]] bool is_taken(const bindings::CaptureUse& of_others,
                              const std::vector<bindings::CaptureUse>& all) const;
  [[nodiscard]] bool begin_capture(const http::ResponseHead& head, Relaying& relaying);
  void capture_body(std::string_view bytes, bool is_last, Relaying& relaying, Actions& actions);
  [[nodiscard]] bool is_behind_answer();
  [[nodiscard]] bool let_captured_go(Relaying& relaying, Actions& actions);
  void refuse_captured(const base::Error& error, Actions& actions);
  void lose_captured(Actions& actions);

  // Real values in what the client sends (exchange_real_values.cc).
  void look_for_real_values(Verdict& verdict);
  void look_for_real_values_held();
  [[nodiscard]] bool look_for_real_values(std::string_view bytes,
                                          Relaying& relaying,
                                          Actions& actions);
  [[nodiscard]] bool end_real_values(Relaying& relaying, Actions& actions);
  [[nodiscard]] bool tell_real_values(std::size_t known, Relaying& relaying, Actions& actions);

  // The sending (exchange_send.cc).
  void send_request(std::unique_ptr<Prepared> prepared, Actions& actions);
  [[nodiscard]] bool send_head(Prepared& prepared, Actions& actions);
  [[nodiscard]] base::Status fill_places(Prepared& prepared) const;
  void cannot_send(audit::Reason reason, Actions& actions);
  [[nodiscard]] audit::Outcome outcome_unsent() const;

  // Sending it once more (exchange_resend.cc).
  [[nodiscard]] bool is_safe() const;
  [[nodiscard]] bool may_be_sent_again(const UpstreamBroken& event, const Relaying& relaying) const;
  void send_again(Actions& actions);
  void dial_anew(std::unique_ptr<Prepared> prepared, Actions& actions);

  Setup setup_;
  std::variant<AwaitingHead, Collecting, Holding, Admitting, Dialing, Recording, Relaying, Finished>
      state_;
  Admission admission_;
  std::optional<Asked> asked_;
  CollectedBody body_;                       // the whole body, if it was collected
  std::unique_ptr<PlaceholderWatch> watch_;  // of the request's body; null: there is nothing to see
  SharedSearch real_values_;                 // that were known with the head; null: none was
  std::unique_ptr<RealValueWatch> real_watch_;  // of the request's body; null: none is looked for
  std::unique_ptr<Swapping> swapping_;          // null: no secret may be put into the body
  std::unique_ptr<ApprovalHold> hold_;          // null: nobody decides on it
  std::unique_ptr<Resigning> resigning_;        // null: no signer signs the body as it passes
  std::unique_ptr<Spending> spending_;          // null: no budget is charged
  Leaving leaving_;
  std::vector<bindings::CaptureUse> captures_;              // of the request that was sent
  std::uint64_t known_version_ = KnownSecrets::kNoVersion;  // when it was asked last
  Findings findings_;                                       // what of secrets came back
  base::Note flaw_ = "";  // of a request that is refused for its bytes
  // Of what was decided in the middle of a body: the rule that the refusal is about, and why a
  // placeholder stayed.
  std::optional<std::uint32_t> refused_rule_;
  std::optional<audit::Reason> stayed_;
  bool is_sent_again_ = false;  // exchange_resend.cc says when
  bool is_login_ = false;       // I16: one side logs in, on the connection to the upstream
  bool is_collected_ = false;
  bool is_record_late_ = false;
  bool is_client_gone_ = false;
  bool is_draining_ = false;
  ForeignSpeech speech_ = ForeignSpeech::none;  // of the client, instead of HTTP
};

}  // namespace keyswap::flow
