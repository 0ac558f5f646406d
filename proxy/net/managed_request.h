// SPDX-License-Identifier: Apache-2.0
//
// One request on the management listener whose answer takes time (services::SlowService): its body
// is read, bounded, the question is handed over, and the answer is written when it comes, piece by
// piece where it has no known length. The loop waits for none of it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "proxy/http/message.h"
#include "proxy/net/client_codec.h"
#include "proxy/net/connection.h"
#include "proxy/net/handle.h"
#include "proxy/services/slow_service.h"

namespace keyswap::net {

class ManagedRequest final : public Mortal {
 public:
  // Told once, when the answer is written: may the connection go on?
  using Over = std::function<void(bool keeps)>;

  // All of it outlives this.
  ManagedRequest(Connection& connection,
                 ClientCodec& codec,
                 services::SlowService& service,
                 http::RequestHead head,
                 Over over);
  ManagedRequest(const ManagedRequest&) = delete;
  ManagedRequest& operator=(const ManagedRequest&) = delete;
  ManagedRequest(ManagedRequest&&) = delete;
  ManagedRequest& operator=(ManagedRequest&&) = delete;
  ~ManagedRequest() override;

  // To be called once, before anything else.
  void begin();

  // May more of its body be handed in?
  [[nodiscard]] bool wants_bytes() const { return phase_ == Phase::reading; }

  void on_body(std::string_view bytes);
  void on_end();

  // What was written is on its way.
  void on_client_drained();
  // The client sends no more; nobody asks what is kept for one that does not end by itself.
  void on_client_said_all();
  void on_time_out();
  // The proxy stops.
  void on_drain();

 private:
  // reading -> answering -> delayed -> over, or answering -> streaming -> over.
  enum class Phase : std::uint8_t { reading, answering, delayed, streaming, over };

  void give_up();
  void refuse(int status, std::string_view phrase, std::string_view text);
  void take(std::shared_ptr<services::SlowAnswer> answer);
  void send();
  void ask_for_piece();
  void take_piece(const services::AnswerRest::Piece& piece);
  void end(bool keeps);
  void cut();

  Connection* connection_;
  ClientCodec* codec_;
  services::SlowService* service_;
  std::shared_ptr<services::Question> question_;  // until it is handed over
  std::shared_ptr<services::Question> asked_;     // from then on; its body is not ours
  std::shared_ptr<services::SlowAnswer> answer_;
  Over over_;
  Phase phase_ = Phase::reading;
  bool is_head_request_ = false;
  bool is_asking_ = false;  // for a piece
  Anchor<ManagedRequest> anchor_{*this};
};

}  // namespace keyswap::net
