// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/substitute.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "bindings/basic_text.h"
#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"
#include "proxy/flow/outgoing_request.h"

namespace keyswap::flow {

namespace {

using bindings::Locked;
using bindings::SecretPlace;
using bindings::Spot;
using vault::LockedBuffer;

// What takes the place of a spot.
struct Swap {
  Spot spot;
  std::string_view text;  // in the scratch
};

base::Status add(std::string_view bytes, LockedBuffer& scratch) {
  return scratch.append(bytes)
             ? base::Status{}
             : base::Error{base::Errc::limit_exceeded, "no room for the credentials"};
}

// Renders behind what is there, and gives it as it is written at its place.
base::Result<Locked> render(const SecretPlace& place,
                            const bindings::RenderInput& input,
                            LockedBuffer& scratch) {
  const std::size_t begin = scratch.size();
  KS_TRY(place.injection->render(input, scratch));
  const Locked value{scratch.reveal().substr(begin)};
  KS_TRY(place.placement->check(value.bytes));
  return place.placement->write(value, scratch);
}

class Substitution {
 public:
  Substitution(const Credentials& credentials, LockedBuffer& scratch, bindings::Edits& edits)
      : credentials_(credentials), scratch_(scratch), edits_(edits) {}

  base::Status run() {
    KS_TRY(render_all());
    // Those of one part are put together.
    while (!swaps_.empty()) {
      const std::size_t part = swaps_.front().spot.part;
      const auto rest = std::stable_partition(
          swaps_.begin(), swaps_.end(), [&](const Swap& swap) { return swap.spot.part == part; });
      const auto count = static_cast<std::size_t>(rest - swaps_.begin());
      KS_TRY(put(std::span(swaps_).first(count)));
      swaps_.erase(swaps_.begin(), rest);
    }
    // One that was filled without a placeholder is held to the same.
    const auto* const target = edits_.find<bindings::TargetEdit>();
    return target == nullptr ? base::Status{}
                             : check(credentials_.head.fields.size(), bytes_of(target->value));
  }

 private:
  base::Status render_all() {
    const auto& uses = credentials_.uses;
    std::size_t first_secret = 0;
    Locked value;
    for (std::size_t i = 0; i < uses.size(); ++i) {
      const SecretPlace& place = place_of(uses[i]);
      if (uses[i].is_in_body) {
        first_secret += place.injection->needs().size();  // render_for_body
        continue;
      }
      if (i == 0 || uses[i - 1].rule != uses[i].rule || uses[i - 1].place != uses[i].place) {
        const std::size_t count = place.injection->needs().size();
        auto rendered =
            render(place,
                   {credentials_.secrets.subspan(first_secret, count), credentials_.now_s},
                   scratch_);
        if (!rendered) {
          return rendered.error();
        }
        value = *rendered;
        first_secret += count;
        add_companions(place);
      }
      if (!uses[i].spot) {
        KS_TRY(place.placement->fill({credentials_.head, value, scratch_}, edits_));
      } else {
        swaps_.push_back({*uses[i].spot, value.bytes});
      }
    }
    return {};
  }

  // What the client sent for this connection alone does not leave, so it is none.
  void add_companions(const SecretPlace& place) {
    if (place.companions.empty()) {
      return;
    }
    const http::HopByHop hop_by_hop(credentials_.head.fields);
    for (const bindings::Companion& companion : place.companions) {
      if (credentials_.head.fields.find(companion.name) == nullptr ||
          hop_by_hop.has(companion.name)) {
        edits_.set_field(companion.name, companion.value);
      }
    }
  }

  // All that is swapped in one part.
  base::Status put(std::span<Swap> swaps) {
    const std::size_t part = swaps.front().spot.part;
    const std::string_view text = credentials_.head[part];
    const Spot& only = swaps.front().spot;
    if (!only.is_in_basic && only.begin == 0 && only.end == text.size()) {
      set(part, swaps.front().text);  // the placement looked at the whole of it
      return {};
    }
    std::ranges::sort(swaps, {}, [](const Swap& swap) { return swap.spot.begin; });
    auto made = only.is_in_basic ? put_in_basic(text, swaps) : put_together(text, swaps);
    if (!made) {
      return made.error();
    }
    set(part, *made);
    return check(part, *made);
  }

  base::Result<std::string_view> put_together(std::string_view text, std::span<const Swap> swaps) {
    const std::size_t begin = scratch_.size();
    std::size_t at = 0;
    for (const Swap& swap : swaps) {
      KS_TRY(add(text.substr(at, swap.spot.begin - at), scratch_));
      KS_TRY(add(swap.text, scratch_));
      at = swap.spot.end;
    }
    KS_TRY(add(text.substr(at), scratch_));
    return scratch_.reveal().substr(begin);
  }

  base::Result<std::string_view> put_in_basic(std::string_view text, std::span<const Swap> swaps) {
    const auto basic = bindings::read_basic(text);
    if (!basic) {
      return base::Error{base::Errc::invalid_input, "the client's Basic credentials are gone"};
    }
    for (const Swap& swap : swaps) {
      // I9: the first colon ends the user.
      if (swap.spot.end <= basic->colon && swap.text.find(':') != std::string_view::npos) {
        return base::Error{base::Errc::invalid_input, "a user of Basic credentials has no colon"};
      }
    }
    const auto pair = put_together(basic->text, swaps);
    if (!pair) {
      return pair.error();
    }
    const std::size_t begin = scratch_.size();
    KS_TRY(add(text.substr(0, basic->begin), scratch_));
    KS_TRY(bindings::append_base64(*pair, scratch_));
    return scratch_.reveal().substr(begin);
  }

  void set(std::size_t part, std::string_view value) {
    if (credentials_.head.is_field(part)) {
      edits_.set_field_at(part, credentials_.head.fields[part].name, Locked{value});
    } else {
      edits_.set_target(Locked{value});
    }
  }

  // I9: does the part, put together, still say what it said but for the credential?
  [[nodiscard]] base::Status check(std::size_t part, std::string_view value) const {
    if (credentials_.head.is_field(part)) {
      return check_field_value(value);
    }
    if (value.size() > base::bounds::kTargetBytesMax) {
      return base::Error{base::Errc::limit_exceeded, "the credential is too long for a target"};
    }
    return check_target(value);
  }

  [[nodiscard]] const SecretPlace& place_of(const Use& use) const {
    return credentials_.bindings.rules[use.rule].places[use.place];
  }

  const Credentials& credentials_;
  LockedBuffer& scratch_;
  bindings::Edits& edits_;
  std::vector<Swap> swaps_;
};

// The method, the words of the first line, and what a reverse route and the framing add.
constexpr std::size_t kHeadSlackBytes = 1024;

std::size_t line_bytes(std::string_view name, std::size_t value_bytes) {
  return name.size() + value_bytes + std::string_view(": \r\n").size();
}

bool is_of(const bindings::FieldEdit& edit, const bindings::HeadParts& head, std::size_t number) {
  return edit.at ? *edit.at == number
                 : base::equal_ignoring_case(edit.name, head.fields[number].name);
}

// As the codec will write it (flow/outgoing_request.h), or a little more.
std::size_t head_bytes(const Credentials& credentials, const bindings::Edits& edits) {
  const bindings::HeadParts& head = credentials.head;
  const auto* const target = edits.find<bindings::TargetEdit>();
  std::size_t bytes =
      kHeadSlackBytes + (target == nullptr ? head.target.size() : bytes_of(target->value).size());
  std::vector<bool> is_edited(head.fields.size(), false);
  for (const bindings::Edit& edit : edits) {
    if (const auto* const set = std::get_if<bindings::FieldEdit>(&edit)) {
      bytes += line_bytes(set->name, bytes_of(set->value).size());
      for (std::size_t i = 0; i < is_edited.size(); ++i) {
        is_edited[i] = is_edited[i] || is_of(*set, head, i);
      }
    }
  }
  for (std::size_t i = 0; i < is_edited.size(); ++i) {
    bytes += is_edited[i] ? 0 : line_bytes(head.fields[i].name, head.fields[i].value.size());
  }
  return bytes;
}

base::Result<vault::Secret> render_in_body(const SecretPlace& place,
                                           const bindings::RenderInput& input,
                                           bindings::BodyText text,
                                           LockedBuffer& scratch) {
  KS_TRY(place.injection->render(input, scratch));
  const std::string_view value = scratch.reveal();
  KS_TRY(place.placement->check(value));
  if (text == bindings::BodyText::raw) {
    return vault::Secret::copy_of(value);
  }
  KS_TRY(bindings::write_in_body(text, value, scratch));  // behind it
  return vault::Secret::copy_of(scratch.reveal().substr(value.size()));
}

// What is looked for already stands in what is made of it.
bool is_found_by_its_secrets(const bindings::Injection& injection,
                             std::span<const vault::Secret> secrets) {
  return injection.shows_secrets() && std::ranges::any_of(secrets, [](const auto& secret) {
           return secret.size() >= kFormBytesMin;
         });
}

// How much is written, up to a bound.
class Measure final : public base::ByteSink {
 public:
  explicit Measure(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  [[nodiscard]] bool append(std::string_view bytes) override {
    size_ += bytes.size();
    return size_ <= bytes_max_;
  }

  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  std::size_t bytes_max_;
  std::size_t size_ = 0;
};

bool is_control(char c) {
  constexpr char kDelete = 0x7F;
  return (c >= 0 && c < ' ') || c == kDelete;
}

// RFC 8259 section 7.
bool is_escaped_in_json(char c) {
  return c == '"' || c == '\\' || (c >= 0 && c < ' ');
}

base::Status write_text_secret(const TextCredentials& credentials,
                               const TextPiece& piece,
                               base::ByteSink& out) {
  const auto number = static_cast<std::size_t>(std::ranges::find(credentials.places, *piece.place) -
                                               credentials.places.begin());
  const std::string_view value = credentials.secrets[number].reveal();
  const auto& rule = credentials.bindings.rules[piece.place->rule];
  KS_TRY(rule.places[piece.place->place].placement->check(value));
  if (piece.is_nested && std::ranges::any_of(value, is_escaped_in_json)) {
    return base::Error{base::Errc::invalid_input, "the secret would be read twice"};
  }
  if (piece.is_in_string) {
    return bindings::write_in_body(bindings::BodyText::json, value, out);
  }
  // I9: it begins no line of a protocol that has lines.
  if (std::ranges::any_of(value, is_control)) {
    return base::Error{base::Errc::invalid_input, "the secret has a control character"};
  }
  return bindings::write_in_body(bindings::BodyText::raw, value, out);
}

base::Status write_text_to(const TextCredentials& credentials, base::ByteSink& out) {
  for (const TextPiece& piece : credentials.pieces) {
    KS_TRY(piece.place ? write_text_secret(credentials, piece, out)
                       : bindings::write_in_body(bindings::BodyText::raw, piece.bytes, out));
  }
  return {};
}

}  // namespace

base::Result<vault::Secret> write_text(const TextCredentials& credentials) {
  // I10: no locked memory is taken for what is not sent.
  Measure measure(base::bounds::kWebSocketMessageBytesMax);
  KS_TRY(write_text_to(credentials, measure));
  auto text = LockedBuffer::of_capacity(measure.size());
  if (!text) {
    return text.error();
  }
  KS_TRY(write_text_to(credentials, *text));
  return vault::Secret::copy_of(text->reveal());
}

base::Result<vault::Secret> render_for_body(const SecretPlace& place,
                                            const bindings::RenderInput& input,
                                            bindings::BodyText text,
                                            LockedBuffer& scratch) {
  scratch.clear();
  auto rendered = render_in_body(place, input, text, scratch);
  scratch.clear();
  return rendered;
}

base::Status place_credentials(const Credentials& credentials,
                               LockedBuffer& scratch,
                               bindings::Edits& edits) {
  scratch.clear();
  auto placed = Substitution(credentials, scratch, edits).run();
  if (!placed) {
    scratch.clear();
  }
  return placed;
}

base::Status find_derived(const Credentials& credentials,
                          Scrubber* known,
                          LockedBuffer& scratch,
                          std::vector<DerivedCredential>& derived) {
  std::span<const vault::Secret> rest = credentials.secrets;
  std::optional<PlaceOf> last;
  for (const Use& use : credentials.uses) {
    const PlaceOf used{use.rule, use.place};
    if (std::exchange(last, used) == used) {
      continue;
    }
    const auto& injection = *credentials.bindings.rules[use.rule].places[use.place].injection;
    const std::size_t count = injection.needs().size();
    const auto secrets = rest.first(count);
    rest = rest.subspan(count);
    if (known != nullptr && is_found_by_its_secrets(injection, secrets)) {
      continue;
    }
    scratch.clear();
    KS_TRY(injection.render({secrets, credentials.now_s}, scratch));
    if (known == nullptr || !known->is_in(scratch.reveal())) {
      auto value = vault::Secret::copy_of(scratch.reveal());
      if (!value) {
        scratch.clear();
        return value.error();
      }
      derived.push_back({use.rule, std::move(*value)});
    }
  }
  scratch.clear();
  return {};
}

base::Status check_credentials(const Credentials& credentials, LockedBuffer& scratch) {
  bindings::Edits thrown_away;
  auto placed = place_credentials(credentials, scratch, thrown_away);
  // I6: what is recorded as allowed is not stopped by its length any more.
  if (placed && head_bytes(credentials, thrown_away) > scratch.room()) {
    placed = base::Error{base::Errc::limit_exceeded, "the head with the credentials is too long"};
  }
  scratch.clear();
  return placed;
}

}  // namespace keyswap::flow
