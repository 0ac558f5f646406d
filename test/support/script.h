// SPDX-License-Identifier: Apache-2.0
//
// Drives an exchange from bytes and keeps a transcript of what it asked for, in order. The world
// around it answers at once unless told otherwise: secrets come from a map, dialling works, records
// are durable.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/parse.h"
#include "bindings/venues/table.h"
#include "proxy/flow/exchange.h"
#include "proxy/http/decoder.h"
#include "proxy/http/h1/request_writer.h"
#include "proxy/http/h1/response_writer.h"

namespace keyswap::test {

// Bindings from YAML text that must be right.
std::shared_ptr<const bindings::Bindings> bindings_of(
    std::string_view yaml, bindings::Venues venues = bindings::all_venues());

class Script {
 public:
  // What exchanges share, and who sends them; outlives it.
  struct Shared {
    flow::KnownSecrets* known = nullptr;
    vault::Holdings* holdings = nullptr;
    std::string caller;
    std::shared_ptr<vault::LockedBuffer> scratch;  // null: one of its own
    const flow::RealValues* real = nullptr;
    const flow::Operations* operations = nullptr;
  };

  explicit Script(std::shared_ptr<const bindings::Bindings> bindings,
                  flow::Destination destination = {flow::Protocol::https,
                                                   {"api.example.test", 443, http::HostKind::name}},
                  const Shared& shared = {nullptr, nullptr, "", nullptr, nullptr, nullptr});

  // The world.
  std::map<std::string, std::string> vault = {{"K", "real-key-0001"}, {"K2", "real-key-0002"}};
  flow::SecretFault fault = flow::SecretFault::missing;  // of what `vault` does not have
  std::optional<audit::Reason> dial_failure;
  bool records_are_durable = true;
  bool answers_records = true;              // false: say record_done() yourself
  bool answers_fetches = true;              // false: the source of secrets says nothing
  bool answers_captures = true;             // false: say CaptureDone yourself
  bool keeps_captured = true;               // what is captured gets into the vault
  flow::Charged charged;                    // what the limits say
  bool answers_approvals = true;            // false: say Decided yourself
  flow::Decided decision;                   // of the person who is asked
  std::int64_t clock_shift_us = 0;          // the upstream's time less this machine's
  std::optional<flow::ReverseUse> reverse;  // the requests come by this route
  std::string server_name;                  // of the client's TLS hello
  flow::BeginWebSocket begun;               // what a WebSocket went on with
  // What exchanges hold of bodies that signers read.
  std::shared_ptr<flow::CollectedBytes> collected_bytes = std::make_shared<flow::CollectedBytes>();
  // What the vault has open: these are handed out, each another handle to the same bytes.
  std::map<std::string, std::shared_ptr<const vault::Secret>> opened;

  // Bytes as the client or the upstream sends them, in pieces of `piece` bytes (0: whole).
  Script& client(std::string_view bytes, std::size_t piece = 0);
  Script& upstream(std::string_view bytes, std::size_t piece = 0);
  Script& upstream_closes();
  Script& client_leaves();
  Script& times_out(bool client_was_held = false);
  Script& record_done(bool is_durable);
  Script& event(flow::Event event);

  // One line an action; sends of one direction that follow one another are one line.
  [[nodiscard]] std::string transcript() const;

  // What it waits for, and how long.
  [[nodiscard]] flow::SetWait wait() const { return wait_; }

  [[nodiscard]] std::string sent_upstream() const { return sent_upstream_; }

  [[nodiscard]] std::string sent_client() const { return sent_client_; }

  [[nodiscard]] bool is_finished() const { return exchange_->is_finished(); }

 private:
  [[nodiscard]] std::optional<vault::Secret> open(const std::string& name) const;
  void feed_client(std::string_view bytes);
  void feed_upstream(std::string_view bytes);
  void perform(const flow::Actions& actions);
  void note(std::string line);
  void note_bytes(std::string_view kind, std::string_view bytes);
  bool send(const flow::Action& action);
  void send_head(const http::OutgoingRequest& head);
  void to_upstream(std::string_view bytes);
  void to_client(std::string_view bytes);

  std::shared_ptr<const bindings::Bindings> bindings_;
  // Shared, so that a Script can be returned from a chain of calls.
  std::shared_ptr<vault::LockedBuffer> scratch_;
  std::shared_ptr<flow::Exchange> exchange_;
  flow::TunnelIdentity tunnel_;
  std::shared_ptr<http::Decoder> client_decoder_ =
      std::make_shared<http::Decoder>(http::Decoder::Role::request);
  std::shared_ptr<http::Decoder> upstream_decoder_ =
      std::make_shared<http::Decoder>(http::Decoder::Role::response);
  // What leaves is written as the program does.
  http::h1::RequestWriter request_writer_;
  http::h1::ResponseWriter response_writer_;
  bool is_reading_ = false;
  flow::SetWait wait_;
  std::string unread_;
  std::vector<std::string> lines_;
  std::string last_kind_;
  std::string sent_upstream_;
  std::string sent_client_;
};

}  // namespace keyswap::test
