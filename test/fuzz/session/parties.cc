// SPDX-License-Identifier: Apache-2.0
#include "test/fuzz/session/parties.h"

#include <algorithm>
#include <utility>

#include "proxy/http/target.h"

namespace keyswap::test {

namespace {
constexpr std::size_t kHeardBytesMax = 4096;
}  // namespace

void Party::send(std::size_t count) {
  if (is_live()) {
    const std::size_t size = std::min(count, outbox_.size());
    wire_->to_proxy.append(outbox_, 0, size);
    outbox_.erase(0, size);
  }
}

// --- clients ---

void Client::say(Say say, int number) {
  const std::string text = client_text(say, number, is_in_tls_);
  outbox_ += is_in_tls_ ? seal(RecordKind::data, text) : text;
  is_in_tls_ = is_in_tls_ || say == Say::connect_bound;
  is_opaque_ =
      is_opaque_ ||
      (!has_spoken_ && (say == Say::connect_opaque_early || say == Say::connect_opaque_long));
  has_spoken_ = true;
}

void Client::look() {
  std::string came = std::exchange(wire_->from_proxy, "");
  must_hold_no_secret(came, "a secret came to a client");
  heard_.append(came, 0, kHeardBytesMax - std::min(kHeardBytesMax, heard_.size()));
  if (is_in_tls_) {
    if (const std::size_t begin = came.find(static_cast<char>(RecordKind::data));
        begin != std::string::npos) {
      came.erase(0, begin);
      while (const auto record = unseal(came)) {
        must_hold_no_secret(record->content, "a secret came to a client in TLS");
      }
    }
  }
}

// --- upstreams ---

void Server::meet(Manner manner) {
  if (is_met()) {
    return;
  }
  manner_ = manner;
  if (manner != Manner::silent) {
    wire_->state = manner == Manner::refuses ? Wire::State::refused : Wire::State::open;
  }
  wire_->is_reset = manner == Manner::resets;
  wire_->room = kRoomBytes;
}

void Server::say(Answer answer) {
  if (answer == Answer::echo && !knows_key_) {
    answer = Answer::ok;  // only a signed request's is looked through for what it was signed with
  }
  const std::string text = upstream_text(answer);
  outbox_ += is_secured_ ? seal(RecordKind::data, text) : text;
}

void Server::look() {
  const std::string came = std::exchange(wire_->from_proxy, "");
  if (came.empty()) {
    return;
  }
  must_hold_no_secret(came, "I5: a secret left in clear");
  if (!has_tls()) {
    read(came);
    return;
  }
  ciphertext_ += came;
  while (const auto record = unseal(ciphertext_)) {
    if (record->kind == RecordKind::hello) {
      is_secured_ = manner_ != Manner::bad_handshake;
      wire_->to_proxy += is_secured_ ? seal(RecordKind::hello, "") : "no";
    } else if (record->kind == RecordKind::data) {
      must(is_secured_, "I4: bytes before the handshake");
      read(record->content);
    }
  }
}

void Server::read(std::string_view plain) {
  if (wire_->remote.port == kOpaquePort) {
    if (!plain.empty() && !std::exchange(has_spoken_raw_, true)) {
      log_->note_sent("tunnel");
    }
  } else if (!is_upgraded_ && !is_dead_) {
    read_requests(plain);
  }
}

void Server::read_requests(std::string_view bytes) {
  for (;;) {
    const http::Step step = decoder_.next(bytes);
    bytes.remove_prefix(step.consumed);
    if (step.kind == http::Step::Kind::head) {
      const auto head = decoder_.take_request();
      const auto* const key = head.fields.find("x-mbx-apikey");
      knows_key_ = key != nullptr && key->value == kApiKey;
      log_->note_sent(std::string(http::path_of(head.target)));
      is_upgraded_ = head.fields.find("upgrade") != nullptr;
    } else if (step.kind == http::Step::Kind::error) {
      must(false, "I9: what was sent is not a request");
    }
    if (step.kind == http::Step::Kind::need_more || is_upgraded_) {
      return;
    }
  }
}

}  // namespace keyswap::test
