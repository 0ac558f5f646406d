// SPDX-License-Identifier: Apache-2.0
//
// One connection of bytes: TCP, with TLS on it or without; plaintext in, plaintext out. It carries
// and holds back, and knows nothing of HTTP. Small writes are gathered so that one flush makes one
// TLS record and one system call; a secret goes straight from locked memory into the cipher.
//
// I10: while something waits to be written, the other side must take some of it from time to time
// (set_patience), and a host that does not even acknowledge what it was sent is gone
// (bounds::kUnackedMs). Either breaks the connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/base/bounds.h"
#include "proxy/base/buffer.h"
#include "proxy/net/context.h"
#include "proxy/tls/engine.h"
#include "proxy/uv/tcp.h"
#include "proxy/uv/timer.h"

namespace keyswap::net {

// Told by a Leg. None of them may destroy the Leg; Context::bury does that later.
class LegEvents {
 public:
  LegEvents() = default;
  LegEvents(const LegEvents&) = delete;
  LegEvents& operator=(const LegEvents&) = delete;
  LegEvents(LegEvents&&) = delete;
  LegEvents& operator=(LegEvents&&) = delete;
  virtual ~LegEvents() = default;

  virtual void on_leg_connected() = 0;  // TCP stands (only after connect())
  virtual void on_leg_secured() = 0;    // the TLS handshake is done and verified
  // Received plaintext; the view lives until the call returns.
  virtual void on_leg_bytes(std::string_view bytes) = 0;
  // Nothing more comes. `is_clean`: the end was said (close_notify, or FIN without TLS).
  virtual void on_leg_end(bool is_clean) = 0;
  // unavailable: it could not be connected for want of a descriptor or memory; timed_out: the other
  // side takes nothing, or is gone. Leg::failure() says what was seen. An alert, if there is one to
  // send, has been sent.
  virtual void on_leg_broken(base::Errc why) = 0;
  // What was pending has been written; it may be congested no more.
  virtual void on_leg_drained() = 0;
};

class Leg final : public uv::TcpEvents {
 public:
  Leg(Context& context, LegEvents& events);

  base::Status adopt(int socket) { return tcp_.adopt(socket); }

  void connect(const uv::Endpoint& endpoint) { tcp_.connect(endpoint); }

  // From here on TLS. `received`: bytes that came before and belong to it.
  void start_tls(tls::Engine engine, std::string_view received);

  void start_reading();

  // Reasons not to read, each set and cleared on its own; reading runs while there is none. Bytes
  // that are here already are handed out later, never from inside hold() or release().
  enum class Hold : std::uint8_t { other_side_full = 1, unread_full = 2, not_ready = 4 };
  void hold(Hold reason);
  void release(Hold reason);

  [[nodiscard]] bool is_held() const { return holds_ != 0; }

  void write(std::string_view bytes);
  // Bytes in locked memory: encrypted at once, copied nowhere. Only with TLS.
  void write_secret(std::string_view bytes);
  void flush();
  [[nodiscard]] std::size_t pending_bytes() const;

  [[nodiscard]] bool is_congested() const {
    return pending_bytes() > base::bounds::kLegPendingPauseBytes;
  }

  // How long bytes may wait without the other side taking any (TCP acknowledges what fits into its
  // buffers, so that is what it takes).
  void set_patience(std::int64_t ms) { intake_.patience_ms = ms; }

  // When what it took last still waited for it, as far as that was seen; on the loop's clock, 0
  // never.
  [[nodiscard]] std::int64_t last_taken_ms() const { return intake_.taken_ms; }

  // Ends our side: close_notify (unless `is_cut`) and FIN once all is written. Reading goes on.
  enum class Ending : std::uint8_t { said, cut };
  void finish_writing(Ending ending);
  // No event comes from now on, and the connection closes when this is destroyed.
  void silence();

  // It is of no use any more, for `failure`: as silence(), and failure() says why.
  void give_up(base::Failure failure);

  // Why it broke, as far as it is known.
  [[nodiscard]] const base::Failure& failure() const { return failure_; }

  // Did it break because the other side took nothing?
  [[nodiscard]] bool has_stalled() const { return failure_.cause == base::Cause::takes_nothing; }

  // Does it tell nothing any more: by silence(), give_up(), or because it broke?
  [[nodiscard]] bool is_silent() const { return events_ == nullptr; }

  [[nodiscard]] bool has_tls() const { return engine_.has_value(); }

  [[nodiscard]] tls::Engine& engine() { return *engine_; }

  [[nodiscard]] uv::Endpoint remote() const { return tcp_.remote(); }

  // Has the other side's host acknowledged nothing of what waits for that, for so long?
  [[nodiscard]] bool is_unacknowledged_for(std::int64_t ms) const {
    return tcp_.is_unacknowledged_for(ms);
  }

  void on_connected() override;
  void on_connect_failed(int errno_value) override;
  void on_read(std::string_view bytes) override;
  void on_read_end() override;
  void on_broken() override;
  void on_written_all() override;

 private:
  // What the other side takes of what is written to it.
  struct Intake {
    explicit Intake(uv::Loop& loop, std::function<void()> look) : timer(loop, std::move(look)) {}

    std::int64_t patience_ms = base::bounds::kWriteStallMs;
    std::int64_t waiting_ms = 0;    // when something was last known to wait to be taken
    std::int64_t taken_ms = 0;      // the same, of what is taken
    std::uint64_t taken_bytes = 0;  // as of then
    bool is_watched = false;        // the timer is set, until all is taken
    uv::Timer timer;
  };

  void put(base::Buffer& bytes);
  void look_at_intake();
  void break_off(base::Cause cause, std::int64_t after_ms);
  void pump();
  void pump_handshake();
  void fail(base::Errc why);
  void note_failure(base::Errc why);
  void send_alert();
  void hear_alert();
  void seal_gathered();
  void resume_later();

  Context* context_;
  LegEvents* events_;  // null once silenced
  uv::Tcp tcp_;
  std::optional<tls::Engine> engine_;
  base::Buffer gathered_{base::bounds::kLegPendingBytesMax};  // plaintext of small writes
  base::Failure failure_;
  Intake intake_;
  std::uint8_t holds_ = 0;
  bool is_secured_ = false;
  bool is_resuming_ = false;
  bool is_ended_ = false;      // the other side's end was told
  bool is_finishing_ = false;  // our end was sent
};

// How long two connections whose bytes go from one to the other may yet be idle
// (bounds::kTunnelIdleMs); 0 or less: they were for too long. They are not while bytes come (the
// last at `heard_ms`), are taken, or wait to be taken: for how long they may is each leg's affair.
std::int64_t idle_left_ms(const Leg& one,
                          const Leg& other,
                          std::int64_t heard_ms,
                          std::int64_t now_ms);

}  // namespace keyswap::net
