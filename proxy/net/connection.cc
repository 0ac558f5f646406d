// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/connection.h"

#include <utility>

#include "proxy/net/closing.h"
#include "proxy/net/requests.h"

namespace keyswap::net {

namespace {
constexpr std::size_t kUnreadPauseBytes = base::bounds::kLegUnreadBytesMax / 2;
}  // namespace

Connection::Connection(Context& context, std::uint64_t number, Ended ended)
    : context_(&context),
      client_{.number = number, .address = {}, .user = {}},
      ended_(std::move(ended)),
      leg_(context, *this),
      bound_(context),
      timer_(*context.loop, [this] { stage_->on_time_out(); }) {
  stage_ = std::make_unique<Requests>(*this);
}

Connection::~Connection() = default;

void Connection::start(Arrival arrival, const services::LocalService* management) {
  management_ = management;
  client_.user = arrival.user;
  client_.is_own_user = arrival.is_own_user;
  place_ = std::move(arrival.place);
  if (!leg_.adopt(arrival.socket)) {
    end();
    return;
  }
  const uv::Endpoint remote = leg_.remote();
  client_.address = uv::to_string(remote);
  client_.is_of_this_machine = remote.address == uv::kUnixPeer || flow::is_loopback(remote.address);
  leg_.set_patience(base::bounds::kResponseBodyIdleMs);
  timer_.set(base::bounds::kConnectRequestMs);
  leg_.start_reading();
}

void Connection::enter(std::unique_ptr<Stage> next) {
  context_->bury(std::exchange(stage_, std::move(next)));
}

// --- reading ---

void Connection::on_leg_bytes(std::string_view bytes) {
  if (is_over_) {
    return;
  }
  if (!unread_.empty() || !stage_->wants_bytes()) {
    put_aside(bytes);
    read_on();
    return;
  }
  const std::string_view rest = stage_->on_bytes(bytes);
  if (!rest.empty()) {
    put_aside(rest);
  }
}

void Connection::put_aside(std::string_view bytes) {
  if (is_over_) {
    return;
  }
  if (!unread_.append(bytes)) {
    cut();  // I10; cannot happen while a full buffer holds back the reading
    return;
  }
  if (unread_.size() >= kUnreadPauseBytes) {
    leg_.hold(Leg::Hold::unread_full);
  }
}

base::Buffer Connection::take_unread() {
  leg_.release(Leg::Hold::unread_full);
  return std::move(unread_);
}

void Connection::read_on_later() {
  if (!will_read_on_) {
    will_read_on_ = true;
    context_->defer([this] {
      will_read_on_ = false;
      read_on();
    });
  }
}

void Connection::read_on() {
  if (is_over_ || !stage_->wants_bytes()) {
    return;
  }
  if (!unread_.empty() || stage_->has_step()) {
    base::Buffer input = std::move(unread_);  // what is read must not move under its reader
    const std::size_t rest = stage_->on_bytes(input.view()).size();
    input.consume(input.size() - rest);
    if (rest > 0 && !is_over_) {
      unread_ = std::move(input);
    }
  }
  if (unread_.size() < kUnreadPauseBytes) {
    leg_.release(Leg::Hold::unread_full);
  }
  if (is_client_ended_ && !is_over_) {
    stage_->on_client_said_all();
  }
}

// --- the end ---

void Connection::on_leg_end(bool is_clean) {
  is_client_ended_ = true;
  stage_->on_client_end(is_clean);
}

void Connection::on_leg_broken(base::Errc /*why*/) {
  is_broken_ = true;
  stage_->on_client_broken();
}

// What was written arrives; a client that still sends does not get a reset that would destroy the
// answer on its way.
void Connection::close_politely(Leg::Ending ending) {
  if (is_over_) {
    return;
  }
  if (is_broken_) {
    end();
    return;
  }
  is_over_ = true;
  auto closing = std::make_unique<Closing>(*this, std::move(stage_));
  Closing& begun = *closing;
  stage_ = std::move(closing);
  unread_.release();
  begun.begin(ending);
}

void Connection::end() {
  if (std::exchange(is_ended_, true)) {
    return;
  }
  is_over_ = true;
  stage_->on_over();
  timer_.clear();
  leg_.silence();
  place_.reset();
  ended_(client_.number);
}

void Connection::cut() {
  is_broken_ = true;
  leg_.silence();
  stage_->on_cut();
}

void Connection::drain() {
  stage_->on_drain();
}

}  // namespace keyswap::net
