// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/decide_text.h"

#include <algorithm>
#include <utility>

#include "bindings/body_text.h"
#include "proxy/flow/decide_body.h"
#include "proxy/flow/json_strings.h"
#include "proxy/flow/placeholder_watch.h"

namespace keyswap::flow {

namespace {

using bindings::BodyText;

constexpr std::string_view kOpening = "GET";  // RFC 6455 section 4.1

std::vector<SwapPlace> places_in_texts(const bindings::Bindings& bindings,
                                       const http::Authority& destination,
                                       std::string_view target) {
  std::vector<SwapPlace> places;
  for (const auto& use : bindings.websocket_scopes(destination, {kOpening, target})) {
    const auto& rule = bindings.rules[use.rule];
    if (rule.scopes[use.scope].ws_text && rule.message_place) {
      places.push_back({use.rule, *rule.message_place, use.scope});
    }
  }
  return places;
}

class Reading {
 public:
  explicit Reading(const TextMessage& message)
      : message_(message),
        places_(places_in_texts(message.bindings, message.destination.authority, message.target)),
        counts_(places_.size()),
        watch_(message.bindings) {
    opening_.method = kOpening;
  }

  TextVerdict read() {
    const auto& index = message_.bindings.body_placeholders();
    std::size_t from = 0;
    while (const auto hit = index.find_next(BodyText::json, message_.text, from)) {
      from = take(*hit) ? hit->at + hit->size : hit->at + 1;
    }
    keep(message_.text.size());
    found_.seen = watch_.seen();
    check_opening();
    return {decide_with_body(request(), {Decision::pass, Reason::no_placeholder}, found_),
            std::move(pieces_)};
  }

 private:
  using Decision = audit::Decision;
  using Reason = audit::Reason;

  [[nodiscard]] Request request() const {
    return {opening_, message_.target, message_.destination, message_.bindings, message_.caller};
  }

  // False: it is in none of the places, and stays.
  bool take(const bindings::BodyIndex::Hit& hit) {
    strings_.read(message_.text.substr(read_, hit.at - read_));
    read_ = hit.at;
    const auto place = std::ranges::find(places_, hit.rule, &SwapPlace::rule);
    if (place == places_.end() || strings_.are_escaped()) {
      return false;
    }
    keep(hit.at);
    kept_ = read_ = hit.at + hit.size;
    watch_.look(kSwappedGap);
    const PlaceOf used{place->rule, place->place};
    const std::size_t count = counts_[static_cast<std::size_t>(place - places_.begin())]++;
    const auto reason = check_occurrence(request(), {}, {*place, count, message_.text.size()});
    if (reason && !found_.refusal) {
      found_.refusal = {place->rule, *reason};  // what follows is still looked at
    }
    if (count == 0) {
      found_.uses.push_back(use_of(*place));
    }
    pieces_.push_back({{}, used, strings_.are_inside(), strings_.are_nested()});
    return true;
  }

  // I14: what the bindings block now was open when the WebSocket was opened.
  void check_opening() {
    const auto blocked = found_.uses.empty() ? std::nullopt
                                             : message_.bindings.forbidding_rule(
                                                   message_.destination.authority,
                                                   {kOpening, message_.target},
                                                   bindings::Bindings::Purpose::websocket);
    if (blocked) {
      found_.refusal = {*blocked, Reason::endpoint_blocked};
    }
  }

  void keep(std::size_t end) {
    const std::string_view bytes = message_.text.substr(kept_, end - kept_);
    watch_.look(bytes);
    pieces_.push_back({bytes});
  }

  const TextMessage& message_;
  http::RequestHead opening_;  // as far as bindings ask for it
  std::vector<SwapPlace> places_;
  std::vector<std::size_t> counts_;  // of each of them, so far
  PlaceholderWatch watch_;
  JsonStrings strings_;
  std::size_t read_ = 0;  // by strings_
  std::size_t kept_ = 0;  // what comes before is in pieces_
  std::vector<TextPiece> pieces_;
  BodyFound found_;
};

}  // namespace

bool swaps_texts(const bindings::Bindings& bindings,
                 const http::Authority& destination,
                 std::string_view target) {
  return !places_in_texts(bindings, destination, target).empty();
}

TextVerdict decide_text(const TextMessage& message) {
  return Reading(message).read();
}

}  // namespace keyswap::flow
