// SPDX-License-Identifier: Apache-2.0
#include "test/support/script.h"

#include <utility>

#include <catch2/catch.hpp>

#include "proxy/flow/decode_refusal.h"

namespace keyswap::test {

namespace {

std::shared_ptr<vault::LockedBuffer> make_scratch() {
  REQUIRE(vault::lock_memory());
  // Many scripts live at once, and the arena gives blocks of powers of two.
  auto scratch = vault::LockedBuffer::of_capacity(128 * 1024);
  REQUIRE(scratch);
  return std::make_shared<vault::LockedBuffer>(std::move(*scratch));
}

std::string escaped(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    if (c == '\r') {
      text += "\\r";
    } else if (c == '\n') {
      text += "\\n";
    } else {
      text += c;
    }
  }
  return text;
}

std::string shown(const flow::RealSightings& seen) {
  std::string text;
  for (const flow::RealSighting& one : seen) {
    text += " +real " + one.secret + " " + std::string(flow::to_string(one.where)) + " " +
            std::string(flow::to_string(one.encoding));
  }
  return text;
}

}  // namespace

std::shared_ptr<const bindings::Bindings> bindings_of(std::string_view yaml,
                                                      bindings::Venues venues) {
  auto parsed = bindings::parse(yaml, "/nowhere", venues);
  for (const auto& error : parsed.errors) {
    UNSCOPED_INFO(error.line << ":" << error.column << " " << error.text);
  }
  REQUIRE(parsed.errors.empty());
  return std::make_shared<const bindings::Bindings>(std::move(parsed.bindings));
}

Script::Script(std::shared_ptr<const bindings::Bindings> bindings,
               flow::Destination destination,
               const Shared& shared)
    : bindings_(std::move(bindings)),
      scratch_(shared.scratch != nullptr ? shared.scratch : make_scratch()),
      exchange_(std::make_shared<flow::Exchange>(
          flow::Exchange::Setup{destination,
                                bindings_,
                                "req1",
                                scratch_.get(),
                                1'700'000'000'000'000,
                                shared.caller,
                                flow::CollectedShare(*collected_bytes),
                                shared.known,
                                shared.holdings,
                                shared.real,
                                shared.operations})),
      tunnel_{destination, ""} {}

Script& Script::client(std::string_view bytes, std::size_t piece) {
  while (!bytes.empty()) {
    const std::size_t size = piece == 0 ? bytes.size() : std::min(piece, bytes.size());
    feed_client(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  return *this;
}

void Script::feed_client(std::string_view bytes) {
  unread_ += bytes;
  for (;;) {
    const bool is_waiting = !lines_.empty() && !(is_reading_ && exchange_->wants_body());
    if (is_waiting || exchange_->is_finished()) {
      return;
    }
    const std::string input = std::exchange(unread_, "");
    http::Step step = client_decoder_->next(input);
    unread_ = input.substr(step.consumed);
    if (step.kind == http::Step::Kind::need_more) {
      return;
    }
    if (step.kind == http::Step::Kind::head) {
      auto head = client_decoder_->take_request();
      response_writer_.answer(head.version);
      tunnel_.server_name = server_name;
      const auto refusal = flow::check_tunnelled(head, tunnel_, *bindings_);
      event(flow::ClientHead{std::move(head), refusal, reverse});
    } else if (step.kind == http::Step::Kind::body) {
      event(flow::ClientBody{step.body});
    } else if (step.kind == http::Step::Kind::end) {
      is_reading_ = false;
      event(flow::ClientEnd{});
      return;
    } else {
      event(flow::ClientRefused{flow::reason_of(step.error)});
      return;
    }
  }
}

Script& Script::upstream(std::string_view bytes, std::size_t piece) {
  upstream_decoder_->expect(exchange_->answer_to());
  while (!bytes.empty()) {
    const std::size_t size = piece == 0 ? bytes.size() : std::min(piece, bytes.size());
    feed_upstream(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  return *this;
}

void Script::feed_upstream(std::string_view bytes) {
  while (!exchange_->is_finished()) {
    http::Step step = upstream_decoder_->next(bytes);
    bytes.remove_prefix(step.consumed);
    if (step.kind == http::Step::Kind::need_more) {
      return;
    }
    if (step.kind == http::Step::Kind::head) {
      event(flow::UpstreamHead{upstream_decoder_->take_response()});
    } else if (step.kind == http::Step::Kind::body) {
      event(flow::UpstreamBody{step.body});
    } else if (step.kind == http::Step::Kind::end) {
      event(flow::UpstreamEnd{});
    } else {
      event(flow::UpstreamBroken{});
    }
  }
}

Script& Script::upstream_closes() {
  const auto step = upstream_decoder_->finish();
  if (step.kind == http::Step::Kind::end) {
    return event(flow::UpstreamEnd{});
  }
  return event(flow::UpstreamBroken{});
}

Script& Script::client_leaves() {
  return event(flow::ClientGone{});
}

Script& Script::times_out(bool client_was_held) {
  return event(flow::TimedOut{client_was_held});
}

Script& Script::record_done(bool is_durable) {
  event(flow::RecordDone{is_durable});
  feed_client("");
  return *this;
}

Script& Script::event(flow::Event event) {
  flow::Actions actions;
  exchange_->on(std::move(event), actions);
  perform(actions);  // and what it brings about at once
  exchange_->carried_out();
  return *this;
}

std::optional<vault::Secret> Script::open(const std::string& name) const {
  if (const auto found = opened.find(name); found != opened.end()) {
    return found->second->share();
  }
  const auto found = vault.find(name);
  return found == vault.end() ? std::nullopt
                              : std::optional(vault::Secret::copy_of(found->second).value());
}

void Script::note(std::string line) {
  last_kind_.clear();
  lines_.push_back(std::move(line));
}

void Script::note_bytes(std::string_view kind, std::string_view bytes) {
  if (last_kind_ == kind) {
    lines_.back() += escaped(bytes);
  } else {
    lines_.push_back(std::string(kind) + ": " + escaped(bytes));
    last_kind_ = kind;
  }
}

void Script::perform(const flow::Actions& actions) {
  std::optional<flow::Event> next;
  for (const flow::Action& action : actions) {
    if (const auto* fetch = std::get_if<flow::FetchSecrets>(&action)) {
      std::vector<vault::Secret> secrets;
      std::string missing;
      for (const auto& place : fetch->places) {
        for (const auto& name :
             bindings_->rules[place.rule].places[place.place].injection->needs()) {
          note("fetch " + name.text());
          if (auto secret = open(name.text())) {
            secrets.push_back(std::move(*secret));
          } else if (missing.empty()) {
            missing = name.text();
          }
        }
      }
      if (!answers_fetches) {
        continue;
      }
      if (missing.empty()) {
        next = flow::SecretsReady{.secrets = std::move(secrets), .clock_shift_us = clock_shift_us};
      } else {
        next = flow::SecretsUnavailable{missing, fault};
      }
    } else if (const auto* charge = std::get_if<flow::Charge>(&action)) {
      note("charge " + std::to_string(charge->volume_e8) +
           (charge->spends
                ? " for " + std::string(charge->model) + " " + std::to_string(charge->spends->all())
                : ""));
      next = charged;
    } else if (const auto* ask = std::get_if<flow::AskApproval>(&action)) {
      note("ask " + (ask->operation.empty() ? "" : std::string(ask->operation) + " ") +
           std::string(ask->method) + " " + std::string(ask->target) + " [" +
           escaped(ask->headers) + "] " + escaped(ask->body));
      if (answers_approvals) {
        next = decision;
      }
    } else if (const auto* end = std::get_if<flow::EndHold>(&action)) {
      note(end->why == flow::HoldEnd::timed_out ? "hold over" : "hold left");
    } else if (const auto* settle = std::get_if<flow::Settle>(&action)) {
      note(settle->fate == flow::ChargeFate::keep      ? "charge kept"
           : settle->fate == flow::ChargeFate::refused ? "charge kept as a call"
                                                       : "charge released");
    } else if (std::get_if<flow::Dial>(&action) != nullptr) {
      note("dial");
      if (dial_failure) {
        next = flow::DialFailed{*dial_failure};
      } else {
        next = flow::Dialed{};
      }
    } else if (std::get_if<flow::DialAnew>(&action) != nullptr) {
      note("dial anew");
      if (answers_records) {
        next = flow::RecordDone{records_are_durable};
      }
    } else if (const auto* record = std::get_if<flow::Record>(&action)) {
      std::string line = "record " + std::string(audit::to_string(record->decision)) + " " +
                         std::string(audit::to_string(record->reason));
      if (record->rule) {
        line += " " + bindings_->rules[*record->rule].name.text();
      }
      for (const auto& further : record->further) {
        line += " +" + std::string(audit::to_string(record->decision)) + " " +
                bindings_->rules[further.rule].name.text();
      }
      for (const auto& other : record->others) {
        line += " +denied " + std::string(audit::to_string(other.reason)) + " " +
                bindings_->rules[other.rule].name.text();
      }
      for (const auto rule : record->honeytokens) {
        line += " +honeytoken " + bindings_->rules[rule].name.text();
      }
      line += shown(record->real_values);
      if (record->clock_shift_ms != 0) {
        line += " +clock " + std::to_string(record->clock_shift_ms);
      }
      note(line + " " + std::string(record->method) + " " + record->path);
      if (answers_records) {
        next = flow::RecordDone{records_are_durable};
      }
    } else if (const auto* noted = std::get_if<flow::NoteDecision>(&action)) {
      note("noted " + std::string(audit::to_string(noted->record.decision)) + " " +
           std::string(audit::to_string(noted->record.reason)) + " " +
           bindings_->rules[*noted->record.rule].name.text() + shown(noted->record.real_values) +
           " " + std::string(noted->record.method) + " " + noted->record.path);
    } else if (const auto* told = std::get_if<flow::NoteRealValues>(&action)) {
      note("told " + std::string(audit::to_string(told->record.reason)) +
           shown(told->record.real_values) + " " + std::string(told->record.method) + " " +
           told->record.path);
    } else if (const auto* response = std::get_if<flow::RecordResponse>(&action)) {
      note("response " + std::to_string(response->status) + " " +
           std::string(audit::to_string(response->outcome)) + " " +
           std::to_string(response->body_bytes));
      if (response->spent) {
        note("spent " + response->spent->model + " " +
             std::to_string(response->spent->usage.all_input()) + " " +
             std::to_string(response->spent->usage.output) +
             (response->spent->is_estimated ? " estimated" : ""));
      }
      std::string scrubbed;
      for (const flow::Finding& found : response->scrubbed) {
        scrubbed += (scrubbed.empty() ? "scrubbed " : ", ") + found.secret + " " +
                    std::string(flow::to_string(found.where)) + " " +
                    std::string(flow::to_string(found.encoding)) + " " +
                    std::to_string(found.count);
      }
      if (!scrubbed.empty()) {
        note(scrubbed);
      }
    } else if (const auto* keep = std::get_if<flow::KeepCaptured>(&action)) {
      for (const flow::CapturedValue& one : keep->values) {
        const std::string& name = bindings_->rules[one.rule].name.text();
        note("keep " + name);
        if (keeps_captured) {
          vault[name] = std::string(one.value.reveal());
        }
      }
      if (answers_captures) {
        next = flow::CaptureDone{keeps_captured};
      }
    } else if (send(action)) {
      continue;
    } else if (const auto* wait = std::get_if<flow::SetWait>(&action)) {
      wait_ = *wait;
    } else if (const auto* refused = std::get_if<flow::RefuseInTunnel>(&action)) {
      note("in the tunnel: " + std::to_string(refused->reply->head.status) + " " +
           refused->reply->body);
    } else if (std::get_if<flow::ReadClient>(&action) != nullptr) {
      is_reading_ = true;
    } else if (const auto* released = std::get_if<flow::ReleaseUpstream>(&action)) {
      note(released->fate == flow::UpstreamFate::reuse     ? "upstream reused"
           : released->fate == flow::UpstreamFate::discard ? "upstream discarded"
                                                           : "upstream kept for the client");
    } else if (const auto* websocket = std::get_if<flow::BeginWebSocket>(&action)) {
      begun = *websocket;
      note("websocket");
    } else if (const auto* finish = std::get_if<flow::Finish>(&action)) {
      const bool is_kept = finish->client == flow::ClientFate::keep && !response_writer_.closes();
      note(is_kept                                     ? "client kept"
           : finish->client != flow::ClientFate::abort ? "client closed"
                                                       : "client cut");
    }
  }
  if (next) {
    event(std::move(*next));
    feed_client("");
  }
}

bool Script::send(const flow::Action& action) {
  base::Buffer out(base::bounds::kLegPendingBytesMax);
  if (const auto* request = std::get_if<flow::SendRequestHead>(&action)) {
    send_head(request->head);
  } else if (const auto* piece = std::get_if<flow::SendRequestBody>(&action)) {
    to_upstream(request_writer_.body(out, piece->bytes).value());
  } else if (const auto* secret = std::get_if<flow::SendRequestSecret>(&action)) {
    std::string bytes(request_writer_.begin_piece(out, secret->bytes.size()).value());
    bytes += secret->bytes;
    bytes += request_writer_.end_piece();
    sent_upstream_ += bytes;
    note_bytes("to upstream (secret)", bytes);
  } else if (std::get_if<flow::EndRequest>(&action) != nullptr) {
    to_upstream(request_writer_.end(out).value());
  } else if (const auto* response = std::get_if<flow::SendResponseHead>(&action)) {
    KS_ASSERT(response_writer_.head(out, response->head).has_value());
    to_client(out.view());
  } else if (const auto* part = std::get_if<flow::SendResponseBody>(&action)) {
    to_client(response_writer_.body(out, part->bytes).value());
  } else if (std::get_if<flow::EndResponse>(&action) != nullptr) {
    to_client(response_writer_.end(out).value());
  } else {
    return false;
  }
  return true;
}

void Script::send_head(const http::OutgoingRequest& head) {
  if (!head.holds_secret()) {
    base::Buffer out(base::bounds::kSwappedHeadBytesMax);
    KS_ASSERT(request_writer_.head(out, head).has_value());
    to_upstream(out.view());
    return;
  }
  const std::size_t begin = scratch_->size();
  KS_ASSERT(request_writer_.head(*scratch_, head).has_value());
  const std::string bytes(scratch_->reveal().substr(begin));
  scratch_->clear();
  sent_upstream_ += bytes;
  note_bytes("to upstream (secret)", bytes);
}

void Script::to_upstream(std::string_view bytes) {
  if (!bytes.empty()) {
    sent_upstream_ += bytes;
    note_bytes("to upstream", bytes);
  }
}

void Script::to_client(std::string_view bytes) {
  if (!bytes.empty()) {
    sent_client_ += bytes;
    note_bytes("to client", bytes);
  }
}

std::string Script::transcript() const {
  std::string text;
  for (const std::string& line : lines_) {
    text += line + "\n";
  }
  return text;
}

}  // namespace keyswap::test
