// SPDX-License-Identifier: Apache-2.0
#include "test/cost/core.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "bindings/parse.h"
#include "bindings/venues/table.h"
#include "proxy/base/bounds.h"
#include "proxy/flow/caller.h"
#include "proxy/flow/decode_refusal.h"
#include "proxy/flow/reverse.h"

namespace keyswap::work {

namespace {

constexpr std::int64_t kNowUs = 1'790'000'000'000'000;
constexpr std::string_view kRequestId = "01JDB4Q9X3M8T2";
constexpr std::string_view kClientAddress = "127.0.0.1:50123";
constexpr std::string_view kSecret = "sk-live-0123456789abcdefghijklmnopqrstuvwxyz";

// Calls `use` with one read after the other.
template <typename Use>
void each_read(std::string_view bytes, Use use) {
  while (!bytes.empty()) {
    const std::string_view read = bytes.substr(0, base::bounds::kReadChunkBytes);
    bytes.remove_prefix(read.size());
    use(read);
  }
}

}  // namespace

void must(bool condition, std::string_view what) {
  if (!condition) {
    static_cast<void>(
        std::fprintf(stderr, "work_probe: %.*s\n", static_cast<int>(what.size()), what.data()));
    std::exit(1);
  }
}

std::shared_ptr<const bindings::Bindings> bindings_of(const std::string& yaml) {
  auto parsed = bindings::parse(yaml, "/nowhere", bindings::all_venues());
  must(parsed.errors.empty(), parsed.errors.empty() ? "" : parsed.errors.front().text);
  return std::make_shared<const bindings::Bindings>(std::move(parsed.bindings));
}

vault::LockedBuffer make_scratch() {
  must(vault::lock_memory().has_value(), "no memory can be locked");
  auto scratch = vault::LockedBuffer::of_capacity(base::bounds::kSwappedHeadBytesMax);
  must(scratch.has_value(), "no locked memory for the scratch buffer");
  return std::move(*scratch);
}

Core::Core(std::shared_ptr<const bindings::Bindings> bindings,
           Entry entry,
           vault::LockedBuffer& scratch)
    : bindings_(std::move(bindings)),
      entry_(entry),
      tunnel_{{flow::Protocol::https, {"api.example.test", 443, http::HostKind::name}},
              "api.example.test"},
      scratch_(&scratch),
      holdings_(base::bounds::kHeldBytesWanted) {
  const flow::WantedSecret wanted{kSecret, "KEY", {}};
  real_.add(std::span(&wanted, 1));
}

audit::Reason Core::serve(std::string_view request, std::string_view answer) {
  reason_.reset();
  lines_.clear();
  is_keeping_ = false;
  each_read(request, [this](std::string_view read) { read_client(read); });
  if (exchange_ != nullptr) {
    each_read(answer, [this](std::string_view read) { read_upstream(read); });
  }
  must(exchange_ == nullptr && reason_.has_value(), "the exchange did not end");
  if (is_keeping_) {
    static_cast<void>(client_decoder_.next({}));  // the end of a request without a body
  } else {
    client_decoder_ = http::Decoder(http::Decoder::Role::request);
    upstream_decoder_ = http::Decoder(http::Decoder::Role::response);
  }
  return *reason_;
}

void Core::read_client(std::string_view bytes) {
  while (!reason_ || (exchange_ != nullptr && exchange_->wants_body())) {
    const http::Step step = client_decoder_.next(bytes);
    bytes.remove_prefix(step.consumed);
    switch (step.kind) {
      case http::Step::Kind::need_more:
        return;
      case http::Step::Kind::head:
        begin(client_decoder_.take_request());
        break;
      case http::Step::Kind::body:
        drive(flow::ClientBody{step.body});
        break;
      case http::Step::Kind::end:
        drive(flow::ClientEnd{});
        break;
      case http::Step::Kind::error:
        make_exchange(tunnel_.destination);
        drive(flow::ClientRefused{flow::reason_of(step.error), step.note});
        return;
    }
  }
}

void Core::read_upstream(std::string_view bytes) {
  while (exchange_ != nullptr) {
    const http::Step step = upstream_decoder_.next(bytes);
    bytes.remove_prefix(step.consumed);
    switch (step.kind) {
      case http::Step::Kind::need_more:
        return;
      case http::Step::Kind::head:
        drive(flow::UpstreamHead{upstream_decoder_.take_response()});
        break;
      case http::Step::Kind::body:
        drive(flow::UpstreamBody{step.body});
        break;
      case http::Step::Kind::end:
        drive(flow::UpstreamEnd{});
        break;
      case http::Step::Kind::error:
        must(false, "the answer is malformed");
    }
  }
}

void Core::begin(http::RequestHead head) {
  if (entry_ == Entry::listener) {
    begin_on_listener(std::move(head));
    return;
  }
  make_exchange(tunnel_.destination);
  const auto refusal = flow::check_tunnelled(head, tunnel_, *bindings_);
  drive(flow::ClientHead{std::move(head), refusal, std::nullopt});
}

void Core::begin_on_listener(http::RequestHead head) {
  flow::Route route = flow::route(head, *bindings_);
  const bool is_reverse = route.kind == flow::Route::Kind::reverse;
  static_cast<void>(is_reverse ? flow::route_claim(head) : flow::proxy_claim(head));
  if (is_reverse) {
    auto found = flow::find_reverse(head, *bindings_, "");
    make_exchange(std::move(found.destination));
    drive(flow::ClientHead{std::move(head), found.refusal, std::move(found.use)});
    return;
  }
  const bool is_refused = route.kind == flow::Route::Kind::refuse;
  make_exchange(std::move(route.destination));
  drive(flow::ClientHead{
      std::move(head), is_refused ? std::optional(route.reason) : std::nullopt, std::nullopt});
}

void Core::make_exchange(flow::Destination destination) {
  exchange_ = std::make_unique<flow::Exchange>(
      flow::Exchange::Setup{.destination = std::move(destination),
                            .bindings = bindings_,
                            .request_id = std::string(kRequestId),
                            .scratch = scratch_,
                            .now_us = kNowUs,
                            .caller = "",
                            .collected = flow::CollectedShare(collected_bytes_),
                            .known = &known_,
                            .holdings = &holdings_,
                            .real = &real_});
}

// As proxy/net/stream.cc does.
void Core::drive(flow::Event event) {
  follow_ups_.push_back(std::move(event));
  for (std::size_t i = 0; i < follow_ups_.size() && exchange_ != nullptr; ++i) {
    actions_.clear();
    exchange_->on(std::move(follow_ups_[i]), actions_);
    for (const flow::Action& action : actions_) {
      perform(action, follow_ups_);
    }
    if (exchange_->is_finished()) {
      exchange_.reset();
    } else {
      exchange_->carried_out();
    }
  }
  actions_.clear();
  follow_ups_.clear();
}

void Core::perform(const flow::Action& action, std::vector<flow::Event>& next) {
  if (const auto* fetch = std::get_if<flow::FetchSecrets>(&action)) {
    next.emplace_back(open_secrets(fetch->places));
  } else if (std::get_if<flow::Charge>(&action) != nullptr) {
    next.emplace_back(flow::Charged{});
  } else if (std::get_if<flow::Dial>(&action) != nullptr) {
    upstream_decoder_.expect(exchange_->answer_to());
    next.emplace_back(flow::Dialed{});
  } else if (const auto* decision = std::get_if<flow::Record>(&action)) {
    reason_ = decision->reason;
    record(*decision);
    next.emplace_back(flow::RecordDone{true});
  } else if (const auto* noted = std::get_if<flow::NoteDecision>(&action)) {
    record(noted->record);
  } else if (const auto* response = std::get_if<flow::RecordResponse>(&action)) {
    record(*response);
  } else if (send(action)) {
    written_.clear();
  } else if (const auto* finish = std::get_if<flow::Finish>(&action)) {
    is_keeping_ = finish->client == flow::ClientFate::keep;
  }
}

// As proxy/net/upstream_codec and the client's codec write it.
bool Core::send(const flow::Action& action) {
  if (const auto* request = std::get_if<flow::SendRequestHead>(&action)) {
    if (request->head.holds_secret()) {
      must(request_writer_.head(*scratch_, request->head).has_value(), "a head is not written");
      scratch_->clear();  // it is in the cipher
    } else {
      must(request_writer_.head(written_, request->head).has_value(), "a head is not written");
    }
  } else if (const auto* piece = std::get_if<flow::SendRequestBody>(&action)) {
    must(request_writer_.body(written_, piece->bytes).has_value(), "a body is not written");
  } else if (const auto* secret = std::get_if<flow::SendRequestSecret>(&action)) {
    must(request_writer_.begin_piece(written_, secret->bytes.size()).has_value(),
         "a body is not written");
  } else if (std::get_if<flow::EndRequest>(&action) != nullptr) {
    must(request_writer_.end(written_).has_value(), "an end is not written");
  } else if (const auto* response = std::get_if<flow::SendResponseHead>(&action)) {
    must(response_writer_.head(written_, response->head).has_value(), "a head is not written");
  } else if (const auto* part = std::get_if<flow::SendResponseBody>(&action)) {
    must(response_writer_.body(written_, part->bytes).has_value(), "a body is not written");
  } else if (std::get_if<flow::EndResponse>(&action) != nullptr) {
    must(response_writer_.end(written_).has_value(), "an end is not written");
  } else {
    return false;
  }
  return true;
}

flow::SecretsReady Core::open_secrets(std::span<const flow::PlaceOf> places) const {
  flow::SecretsReady ready;
  for (const flow::PlaceOf& place : places) {
    const auto& needs = bindings_->rules[place.rule].places[place.place].injection->needs();
    for (std::size_t i = 0; i < needs.size(); ++i) {
      auto secret = vault::Secret::copy_of(kSecret);
      must(secret.has_value(), "no locked memory for a secret");
      ready.secrets.push_back(std::move(*secret));
    }
  }
  return ready;
}

// As proxy/net/exchange_io.cc makes them.
void Core::record(const flow::Record& decision) {
  const auto& authority = exchange_->destination().authority;
  audit::DecisionRecord made{
      .is_tunnel = false,
      .ts_us = kNowUs,
      .request_id = kRequestId,
      .decision = decision.decision,
      .reason = decision.reason,
      .secret = {},
      .scheme = {},
      .client = {kClientAddress, 1000, "", decision.is_unproven},
      .destination = {authority.host, authority.port, decision.method, decision.path},
      .bindings_sha256 = bindings_->sha256,
      .order = std::nullopt,
      .cause = decision.failure.cause,
      .facts = decision.failure.facts};
  const auto add = [&](std::optional<std::uint32_t> rule) {
    if (rule) {
      made.secret = bindings_->rules[*rule].name.text();
      made.scheme = bindings_->rules[*rule].places.front().scheme();
    }
    append(made);
  };
  add(decision.rule);
  for (const flow::Denial& other : decision.others) {
    made.decision = audit::Decision::denied;
    made.reason = other.reason;
    add(other.rule);
  }
}

void Core::record(const flow::RecordResponse& response) {
  append(audit::ResponseRecord{
      .ts_us = kNowUs,
      .request_id = kRequestId,
      .status = response.status,
      .outcome = response.outcome,
      .bytes = response.body_bytes,
      .duration_us = 1234,
      .upstream_ip = "192.0.2.1",
      .tls = "TLSv1.3",
      .spki_sha256 = "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
      .cause = response.failure.cause,
      .facts = response.failure.facts,
      .scrubbed = {}});
}

template <typename Record>
void Core::append(const Record& record) {
  body_.clear();
  audit::encode_body(record, body_);
  hash_ = audit::append_line(++seq_, hash_, body_, lines_);
}

}  // namespace keyswap::work
