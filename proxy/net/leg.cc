// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/leg.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "proxy/base/descriptors.h"

namespace keyswap::net {

namespace {
// Up to this size a copy is cheaper than a TLS record of its own.
constexpr std::size_t kGatherBytesMax = 4096;
// Of a connection that broke in writing: an alert, and what may stand before it.
constexpr std::size_t kLastWordsBytes = 4096;
}  // namespace

Leg::Leg(Context& context, LegEvents& events)
    : context_(&context),
      events_(&events),
      tcp_(*context.loop, *this),
      intake_(*context.loop, [this] { look_at_intake(); }) {}

void Leg::start_tls(tls::Engine engine, std::string_view received) {
  KS_ASSERT(!engine_ && gathered_.empty());
  engine_.emplace(std::move(engine));
  if (!received.empty()) {
    on_read(received);
  } else {
    pump_handshake();  // a client speaks first
  }
}

void Leg::start_reading() {
  if (holds_ == 0) {
    tcp_.start_reading();
  }
}

void Leg::hold(Hold reason) {
  holds_ |= static_cast<std::uint8_t>(reason);
  tcp_.stop_reading();
}

void Leg::release(Hold reason) {
  const auto bit = static_cast<std::uint8_t>(reason);
  if ((holds_ & bit) == 0) {
    return;
  }
  holds_ = static_cast<std::uint8_t>(holds_ & ~bit);
  if (holds_ == 0) {
    resume_later();
  }
}

void Leg::resume_later() {
  if (!is_resuming_ && events_ != nullptr) {
    is_resuming_ = true;
    context_->defer([this] {  // this lives to the turn's end: only Context::bury destroys it
      is_resuming_ = false;
      if (events_ == nullptr || is_held()) {
        return;
      }
      if (engine_) {
        pump();
      }
      if (events_ != nullptr && !is_held() && !is_ended_) {
        tcp_.start_reading();
      }
    });
  }
}

void Leg::on_connected() {
  if (events_ != nullptr) {
    events_->on_leg_connected();
  }
}

void Leg::on_connect_failed(int errno_value) {
  fail(base::is_exhaustion(errno_value) ? base::Errc::unavailable : base::Errc::network);
}

void Leg::on_read(std::string_view bytes) {
  if (events_ == nullptr) {
    return;
  }
  if (!engine_) {
    events_->on_leg_bytes(bytes);
    return;
  }
  if (!engine_->feed(bytes)) {
    fail(base::Errc::limit_exceeded);
    return;
  }
  pump();
  engine_->keep_unread_input();  // the read chunk belongs to the next connection now
}

void Leg::pump() {
  if (!is_secured_) {
    pump_handshake();
  }
  while (is_secured_ && events_ != nullptr && !is_held() && !is_ended_) {
    const auto read =
        engine_->read(context_->memory.plain_chunk.get(), base::bounds::kReadChunkBytes);
    if (!read) {
      fail(base::Errc::tls);
      return;
    }
    if (read->size > 0) {
      events_->on_leg_bytes({context_->memory.plain_chunk.get(), read->size});
    }
    if (read->is_closed && events_ != nullptr && !is_ended_) {
      is_ended_ = true;
      events_->on_leg_end(true);
    }
    // What broke it behind these bytes is told now: nothing more may come.
    if (read->size == 0 || (!engine_->has_unread_input() && !engine_->has_failed())) {
      break;
    }
  }
  if (!engine_->output().empty()) {
    flush();  // what TLS itself wants to say: key updates, alerts
  }
}

void Leg::pump_handshake() {
  const auto done = engine_->handshake();
  if (!done) {
    fail(base::Errc::tls);
    return;
  }
  put(engine_->output());
  if (*done) {
    is_secured_ = true;
    if (events_ != nullptr) {
      events_->on_leg_secured();
    }
  }
}

void Leg::on_read_end() {
  if (events_ != nullptr && !is_ended_) {
    is_ended_ = true;
    // A FIN alone can come from anybody on the way; with TLS only close_notify is an end.
    events_->on_leg_end(!engine_);
  }
}

void Leg::on_broken() {
  fail(base::Errc::network);
}

void Leg::fail(base::Errc why) {
  if (events_ != nullptr) {
    LegEvents& told = *events_;
    note_failure(why);
    silence();
    send_alert();
    told.on_leg_broken(why);
  }
}

void Leg::note_failure(base::Errc why) {
  if (why == base::Errc::network) {
    hear_alert();
  }
  if (engine_ && engine_->has_failed()) {
    failure_ = engine_->failure();
  } else if (why == base::Errc::network) {
    const base::Cause cause = base::cause_of_errno(tcp_.last_error());
    failure_ = {cause == base::Cause::none ? base::Cause::connection_reset : cause, {}};
  }
}

// Writing may fail because the other side said why and closed: its alert is here, and not read yet.
void Leg::hear_alert() {
  if (!engine_ || !is_secured_) {
    return;
  }
  std::array<char, kLastWordsBytes> bytes{};
  const std::size_t count = tcp_.take_received(bytes.data(), bytes.size());
  if (count == 0 || !engine_->feed({bytes.data(), count})) {
    return;
  }
  engine_->keep_unread_input();
  // What is no alert has no reader any more. The caller's bytes may lie in the loop's chunk.
  std::array<char, kLastWordsBytes> plain{};
  auto read = engine_->read(plain.data(), plain.size());
  while (read && read->size > 0) {
    read = engine_->read(plain.data(), plain.size());
  }
  explicit_bzero(plain.data(), plain.size());  // I1: a response may carry a secret back
}

// RFC 8446 section 6.2: the other side is told why, before the connection closes.
void Leg::send_alert() {
  if (engine_ && engine_->has_failed() && !engine_->output().empty()) {
    put(engine_->output());
    tcp_.linger_on_close();
  }
}

// --- what the other side takes ---

// All that is written goes through here. The watch over it costs nothing as long as it runs.
void Leg::put(base::Buffer& bytes) {
  if (!bytes.empty()) {
    intake_.waiting_ms = context_->loop->now_ms();
  }
  tcp_.write(bytes);
  if (!intake_.is_watched && events_ != nullptr && tcp_.written_bytes() != intake_.taken_bytes) {
    intake_.is_watched = true;
    intake_.taken_ms = context_->loop->now_ms();  // until now there was nothing to take
    intake_.timer.set(base::bounds::kIntakeLookMs);
  }
}

void Leg::look_at_intake() {
  intake_.is_watched = false;
  const std::int64_t now_ms = context_->loop->now_ms();
  const std::uint64_t untaken = tcp_.untaken_bytes();
  const std::uint64_t taken = tcp_.written_bytes() - std::min(untaken, tcp_.written_bytes());
  if (untaken > 0) {
    intake_.waiting_ms = now_ms;
  }
  // This look came later than the taking: what is taken as a whole may have been so at once.
  if (taken != intake_.taken_bytes) {
    intake_.taken_bytes = taken;
    intake_.taken_ms = intake_.waiting_ms;
  }
  const std::int64_t waited_ms = now_ms - intake_.taken_ms;
  if (untaken == 0) {
    return;
  }
  if (waited_ms >= base::bounds::kUnackedMs &&
      tcp_.is_unacknowledged_for(base::bounds::kUnackedMs)) {
    break_off(base::Cause::host_gone, base::bounds::kUnackedMs);
  } else if (pending_bytes() > 0 && waited_ms >= intake_.patience_ms) {
    break_off(base::Cause::takes_nothing, intake_.patience_ms);
  } else {
    intake_.is_watched = true;
    intake_.timer.set(base::bounds::kIntakeLookMs);
  }
}

void Leg::break_off(base::Cause cause, std::int64_t after_ms) {
  LegEvents& told = *events_;
  give_up({cause, base::Facts().number("for ", after_ms / 1000, " s").take()});
  told.on_leg_broken(base::Errc::timed_out);
}

// --- the end ---

void Leg::give_up(base::Failure failure) {
  failure_ = std::move(failure);
  silence();
}

void Leg::silence() {
  events_ = nullptr;
  intake_.timer.clear();
  tcp_.stop_reading();
}

void Leg::write(std::string_view bytes) {
  if (is_finishing_) {
    return;
  }
  if (bytes.size() <= kGatherBytesMax && gathered_.append(bytes)) {
    return;
  }
  seal_gathered();
  if (engine_) {
    if (!engine_->write(bytes)) {
      on_broken();
    }
  } else if (!gathered_.append(bytes)) {
    on_broken();  // I10: past the hard bound
  }
}

void Leg::write_secret(std::string_view bytes) {
  KS_ASSERT(engine_ && is_secured_);  // I5: a secret leaves over verified TLS only
  if (is_finishing_) {
    return;
  }
  seal_gathered();
  if (!engine_->write(bytes)) {
    on_broken();
  }
}

void Leg::seal_gathered() {
  if (gathered_.empty()) {
    return;
  }
  if (engine_) {
    const bool written = engine_->write(gathered_.view()).has_value();
    gathered_.clear();
    if (!written) {
      on_broken();
    }
  } else {
    put(gathered_);
  }
}

void Leg::flush() {
  seal_gathered();
  if (engine_) {
    put(engine_->output());
  }
  if (tcp_.pending_bytes() > base::bounds::kLegPendingBytesMax) {
    on_broken();  // I10
  }
}

std::size_t Leg::pending_bytes() const {
  return tcp_.pending_bytes() + gathered_.size();
}

void Leg::finish_writing(Ending ending) {
  if (is_finishing_) {
    return;
  }
  flush();
  if (engine_ && ending == Ending::said) {
    engine_->close();
    put(engine_->output());
  }
  is_finishing_ = true;
  tcp_.finish_writing();
}

void Leg::on_written_all() {
  if (events_ != nullptr) {
    events_->on_leg_drained();
  }
}

std::int64_t idle_left_ms(const Leg& one,
                          const Leg& other,
                          std::int64_t heard_ms,
                          std::int64_t now_ms) {
  if (one.pending_bytes() > 0 || other.pending_bytes() > 0) {
    return base::bounds::kTunnelIdleMs;
  }
  const std::int64_t active_ms = std::max({heard_ms, one.last_taken_ms(), other.last_taken_ms()});
  return active_ms + base::bounds::kTunnelIdleMs - now_ms;
}

}  // namespace keyswap::net
