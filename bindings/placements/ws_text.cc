// SPDX-License-Identifier: Apache-2.0
//
// The place of a placeholder in the text messages that a client sends on a WebSocket, where
// `ws_text: true` of a binding opens it. That key chooses it, and none of `inject:`. Messages are
// no part of a head, so nothing is found or filled there; proxy/flow/decide_text does that.
#include "bindings/placement.h"
#include "bindings/placements.h"
#include "proxy/base/utf8.h"

namespace keyswap::bindings {

namespace {

class WsTextPlacement final : public Placement {
 public:
  [[nodiscard]] std::string_view kind() const override { return "ws_text"; }

  [[nodiscard]] std::string_view name() const override { return ""; }

  void show(std::string_view /*placeholder*/, ClientHead& /*head*/) const override {}

  // They would end the string that it stands in.
  [[nodiscard]] bool can_hold(std::string_view placeholder) const override {
    return placeholder.find_first_of("\"\\") == std::string_view::npos;
  }

  void find(const HeadParts& /*head*/,
            std::size_t /*part*/,
            std::string_view /*placeholder*/,
            std::vector<Spot>& /*spots*/) const override {}

  [[nodiscard]] std::size_t count(const HeadParts& /*head*/) const override { return 0; }

  [[nodiscard]] bool can_be_filled() const override { return false; }

  // RFC 6455 section 8.1: a message that is no UTF-8 ends the connection.
  [[nodiscard]] base::Status check(std::string_view value) const override {
    if (value.empty() || !base::is_utf8(value)) {
      return base::Error{base::Errc::invalid_input, "the secret is empty, or no text in UTF-8"};
    }
    return {};
  }

  [[nodiscard]] base::Status fill(const Filling& /*filling*/, Edits& /*edits*/) const override {
    return base::Error{base::Errc::invalid_input, "a message is not filled"};
  }
};

}  // namespace

std::unique_ptr<const Placement> make_ws_text() {
  return std::make_unique<WsTextPlacement>();
}

}  // namespace keyswap::bindings
