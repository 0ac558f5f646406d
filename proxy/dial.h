// SPDX-License-Identifier: Apache-2.0
//
// Reaching a destination once: resolve, judge each address, connect, and for https prove that the
// other side is who it should be. The address that is dialled is the one that was judged (I12); the
// name that is verified is the destination's, wherever `upstream.resolve` leads (I3, I4). Bounded
// by limits::kDialMs as a whole. Destroy it (through Context::bury) to give up.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audit/record.h"
#include "proxy/context.h"
#include "proxy/flow/destination.h"
#include "proxy/http/decoder.h"
#include "proxy/upstream.h"
#include "proxy/uv/resolver.h"
#include "proxy/uv/timer.h"

namespace keyswap::proxy {

class Dial final : public Mortal, public DialEvents {
 public:
  struct Outcome {
    std::unique_ptr<Upstream> upstream;  // null: failed for `reason`
    audit::Reason reason = audit::Reason::upstream_connect_failed;
  };

  // Told once, never from inside the constructor.
  using Done = std::function<void(Outcome)>;

  // What the TLS handshake is for: a tunnel whose bytes we do not read has none.
  enum class Depth : std::uint8_t { tcp_only, as_scheme };

  Dial(Context& context, flow::Destination destination, Policy policy, Depth depth, Done done);

  // Drops the answer; the owner then buries it.
  void cancel();

  void on_tcp_connected() override;
  void on_dial_bytes(std::string_view bytes) override;
  void on_tls_ready() override;
  void on_dial_broken(base::Errc why) override;

 private:
  void begin();
  void look_up(const std::string& host, std::uint16_t port);
  void resolved(const std::vector<std::string>& addresses, std::uint16_t port);
  [[nodiscard]] std::optional<audit::Reason> judge(const uv::Endpoint& endpoint) const;
  [[nodiscard]] bool is_ourselves(const uv::Endpoint& endpoint) const;
  void try_next();
  void ask_proxy();
  void secure();
  void succeed();
  void fail(audit::Reason reason);
  void drop_attempt();

  Context* context_;
  flow::Destination destination_;
  Policy policy_;
  Depth depth_;
  std::string key_;
  Done done_;
  bool was_named_by_operator_ = false;  // upstream.resolve or upstream.proxy: not judged
  std::unique_ptr<uv::Lookup> lookup_;
  std::vector<uv::Endpoint> endpoints_;
  std::size_t tried_ = 0;
  audit::Reason last_failure_ = audit::Reason::upstream_connect_failed;
  std::unique_ptr<Upstream> attempt_;
  http::Decoder proxy_answer_{http::Decoder::Role::response};
  bool is_securing_ = false;
  uv::Timer deadline_;
};

}  // namespace keyswap::proxy
