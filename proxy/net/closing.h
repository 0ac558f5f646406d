// SPDX-License-Identifier: Apache-2.0
//
// The end of a client's connection: our end is said, what was written is on its way, and what still
// comes is thrown away. It keeps the stage that ended, which notes its own end when all is over.
#pragma once

#include <memory>
#include <string_view>

#include "proxy/net/leg.h"
#include "proxy/net/stage.h"

namespace keyswap::net {

class Connection;

class Closing final : public Stage {
 public:
  Closing(Connection& connection, std::unique_ptr<Stage> last)
      : connection_(&connection), last_(std::move(last)) {}

  void begin(Leg::Ending ending);

  [[nodiscard]] bool wants_bytes() const override { return false; }

  std::string_view on_bytes(std::string_view /*bytes*/) override { return {}; }

  void on_client_end(bool is_clean) override;

  void on_client_said_all() override {}

  void on_client_broken() override;
  void on_client_drained() override;
  void on_time_out() override;

  void on_drain() override {}

  void on_cut() override;

  void on_over() override { last_->on_over(); }

 private:
  Connection* connection_;
  std::unique_ptr<Stage> last_;
};

}  // namespace keyswap::net
