// SPDX-License-Identifier: Apache-2.0
//
// A request's whole computation: decoder, exchange (proxy/flow), encoder, and its records with
// their hashes, without sockets, threads, disks and TLS. The world around it answers at once:
// secrets are there, dialling works, records are durable.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audit/chain.h"
#include "audit/record.h"
#include "bindings/binding.h"
#include "proxy/base/bounds.h"
#include "proxy/base/buffer.h"
#include "proxy/flow/exchange.h"
#include "proxy/http/decoder.h"
#include "proxy/http/h1/request_writer.h"
#include "proxy/http/h1/response_writer.h"

namespace keyswap::work {

// Stops the run: what is measured is not what it says.
void must(bool condition, std::string_view what);

// Bindings from YAML that must be right.
std::shared_ptr<const bindings::Bindings> bindings_of(const std::string& yaml);

// What the exchanges of a loop share.
vault::LockedBuffer make_scratch();

class Core {
 public:
  // Where requests come in: inside of a client's tunnel to api.example.test, or on the listener.
  enum class Entry : std::uint8_t { tunnel, listener };

  // `scratch`: of the loop; outlives it.
  Core(std::shared_ptr<const bindings::Bindings> bindings,
       Entry entry,
       vault::LockedBuffer& scratch);

  // One request and its answer, to their end, both read in pieces of bounds::kReadChunkBytes. Gives
  // why it was sent, or refused.
  audit::Reason serve(std::string_view request, std::string_view answer);

 private:
  void read_client(std::string_view bytes);
  void read_upstream(std::string_view bytes);
  void begin(http::RequestHead head);
  void begin_on_listener(http::RequestHead head);
  void make_exchange(flow::Destination destination);
  void drive(flow::Event event);
  void perform(const flow::Action& action, std::vector<flow::Event>& next);
  bool send(const flow::Action& action);
  void record(const flow::Record& decision);
  void record(const flow::RecordResponse& response);
  template <typename Record>
  void append(const Record& record);
  [[nodiscard]] flow::SecretsReady open_secrets(std::span<const flow::PlaceOf> places) const;

  std::shared_ptr<const bindings::Bindings> bindings_;
  Entry entry_;
  flow::TunnelIdentity tunnel_;
  vault::LockedBuffer* scratch_;
  vault::Holdings holdings_;
  flow::KnownSecrets known_{&holdings_};
  flow::RealValues real_{&holdings_};
  flow::CollectedBytes collected_bytes_;
  http::Decoder client_decoder_{http::Decoder::Role::request};
  http::Decoder upstream_decoder_{http::Decoder::Role::response};
  http::h1::RequestWriter request_writer_;
  http::h1::ResponseWriter response_writer_;
  base::Buffer written_{base::bounds::kLegPendingBytesMax};
  std::unique_ptr<flow::Exchange> exchange_;
  flow::Actions actions_;                // kept from one to the next, as a loop keeps them
  std::vector<flow::Event> follow_ups_;  // likewise
  std::optional<audit::Reason> reason_;
  bool is_keeping_ = false;  // the client's connection, after the request

  // The audit log's writer.
  audit::Hash hash_{};
  std::uint64_t seq_ = 0;
  std::string body_;
  std::string lines_;
};

}  // namespace keyswap::work
