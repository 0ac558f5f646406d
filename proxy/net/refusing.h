// SPDX-License-Identifier: Apache-2.0
//
// In the tunnel of a CONNECT that is refused: whatever the client asks for first is answered with
// that refusal, and the connection ends. What it asks for is not looked at, recorded or kept: the
// decision was made, and recorded, before.
#pragma once

#include <memory>
#include <string_view>

#include "proxy/flow/reply.h"
#include "proxy/net/client_codec.h"
#include "proxy/net/stage.h"

namespace keyswap::net {

class Connection;

class Refusing final : public Stage {
 public:
  static void begin(Connection& connection, std::shared_ptr<const flow::Reply> refusal);

  // Says it now, as plain HTTP where no TLS stands, and ends the connection.
  static void say(Connection& connection, const flow::Reply& refusal);

  Refusing(Connection& connection, std::shared_ptr<const flow::Reply> refusal);

  [[nodiscard]] bool wants_bytes() const override;
  std::string_view on_bytes(std::string_view bytes) override;
  void on_client_end(bool is_clean) override;
  void on_client_said_all() override;
  void on_client_broken() override;
  void on_time_out() override;
  void on_drain() override;
  void on_cut() override;

 private:
  void answer(bool without_body);

  Connection* connection_;
  std::shared_ptr<const flow::Reply> refusal_;
  ClientCodec codec_;
};

}  // namespace keyswap::net
