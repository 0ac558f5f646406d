// SPDX-License-Identifier: Apache-2.0
//
// The placement `body`: the placeholder in a request's body, wherever it stands there, or only
// inside of the string that a JSON pointer names, or of one field of a form. Bodies are not parts
// of a head, so nothing is found or filled there; proxy/flow/body_swap does that.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "bindings/body_place.h"
#include "bindings/body_text.h"
#include "bindings/placement.h"
#include "bindings/placements.h"
#include "proxy/base/bounds.h"

namespace keyswap::bindings {

namespace {

constexpr std::string_view kKind = "body";
constexpr std::string_view kContentType = "content_type";
constexpr std::string_view kJsonPointer = "json_pointer";
constexpr std::string_view kFormField = "form_field";

class BodyPlacement final : public Placement {
 public:
  BodyPlacement(BodyPlace place, std::string name)
      : place_(std::move(place)), name_(std::move(name)) {}

  [[nodiscard]] std::string_view kind() const override { return kKind; }

  [[nodiscard]] std::string_view name() const override { return name_; }

  void show(std::string_view /*placeholder*/, ClientHead& head) const override {
    const std::string_view type = !place_.media_type.empty() ? std::string_view(place_.media_type)
                                  : place_.pointer           ? "application/json"
                                  : place_.field             ? "application/x-www-form-urlencoded"
                                                             : "";
    if (!type.empty()) {
      head.fields.emplace_back("content-type", type);
    }
  }

  // What ends the string, or the field, cannot stand in it; and what XML and HTML write as entities
  // would be swapped in such a body in a form that is not seen where it stays (I2).
  [[nodiscard]] bool can_hold(std::string_view placeholder) const override {
    const std::string_view ends = place_.pointer ? "\"\\" : place_.field ? "&=;" : "&<>\"'";
    return placeholder.find_first_of(ends) == std::string_view::npos;
  }

  void find(const HeadParts& /*head*/,
            std::size_t /*part*/,
            std::string_view /*placeholder*/,
            std::vector<Spot>& /*spots*/) const override {}

  [[nodiscard]] std::size_t count(const HeadParts& /*head*/) const override { return 0; }

  [[nodiscard]] bool can_be_filled() const override { return false; }

  // How it is written, and whether it can be, depends on the body (bindings/body_text.h).
  [[nodiscard]] base::Status check(std::string_view value) const override {
    if (value.empty()) {
      return base::Error{base::Errc::invalid_input, "the credential's value is empty"};
    }
    return {};
  }

  [[nodiscard]] base::Status fill(const Filling& /*filling*/, Edits& /*edits*/) const override {
    return base::Error{base::Errc::invalid_input, "a body is not filled"};
  }

  [[nodiscard]] const BodyPlace* in_body() const override { return &place_; }

 private:
  BodyPlace place_;
  std::string name_;  // which one it is, as people are told
};

std::string text_of(const SchemeSetup& setup, std::string_view parameter) {
  const auto* const text = setup.find(parameter);
  return text == nullptr ? "" : *text;
}

bool is_visible(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

// What is wrong with the media type; "" nothing.
std::string problem_of_type(std::string_view type) {
  const bool is_one = type.find('/') != std::string_view::npos && is_visible(type) &&
                      type.find_first_of(" ;,*") == std::string_view::npos;
  return is_one ? "" : "`content_type` must be one media type without parameters";
}

void read_pointer(const std::string& text, MadePlacement& made, BodyPlace& place) {
  place.pointer = parse_json_pointer(text);
  const bool is_short = place.pointer && place.pointer->size() <= base::bounds::kBodyJsonDepthMax &&
                        std::ranges::all_of(*place.pointer, [](const std::string& name) {
                          return name.size() <= base::bounds::kBodyNameBytesMax;
                        });
  if (!place.pointer) {
    made.issues.push_back({kJsonPointer,
                           0,
                           "`json_pointer` must be a JSON pointer (RFC 6901)",
                           "as in \"/auth/token\" or \"/keys/0\""});
  } else if (!is_short) {
    made.issues.push_back({kJsonPointer, 0, "`json_pointer` is too long", ""});
  } else if (!place.media_type.empty() && body_text_of(place.media_type) != BodyText::json) {
    made.issues.push_back({kContentType, 0, "`json_pointer` is for JSON", ""});
  }
}

void read_field(const std::string& text, MadePlacement& made, BodyPlace& place) {
  place.field = text;
  if (text.empty() || text.size() > base::bounds::kBodyNameBytesMax || !is_visible(text)) {
    made.issues.push_back({kFormField, 0, "`form_field` must be a name of visible ASCII", ""});
  } else if (!place.media_type.empty() && body_text_of(place.media_type) != BodyText::form) {
    made.issues.push_back(
        {kContentType, 0, "`form_field` is for application/x-www-form-urlencoded", ""});
  }
}

MadePlacement make_body(const SchemeSetup& setup) {
  MadePlacement made;
  BodyPlace place;
  if (*setup.find(kKind) != "text") {
    made.issues.push_back({kKind,
                           0,
                           "`body` must be `text`",
                           "`json_pointer` or `form_field` beside it name one place in it"});
  }
  if (setup.find(kContentType) != nullptr) {
    place.media_type = media_type_of(text_of(setup, kContentType));
    if (const auto problem = problem_of_type(text_of(setup, kContentType)); !problem.empty()) {
      made.issues.push_back({kContentType, 0, problem, "as in application/json"});
    }
  }
  std::string name = place.media_type;
  if (const auto* const pointer = setup.find(kJsonPointer)) {
    read_pointer(*pointer, made, place);
    name = *pointer;
  }
  if (const auto* const field = setup.find(kFormField)) {
    read_field(*field, made, place);
    name = *field;
    if (place.pointer) {
      made.issues.push_back({kFormField, 0, "a body is no form and JSON at once", ""});
    }
  }
  if (made.issues.empty()) {
    made.placement = std::make_unique<BodyPlacement>(std::move(place), std::move(name));
  }
  return made;
}

constexpr std::array kParameters = {
    SchemeParameter{kKind, true, "`text`: the placeholder in the text of a request's body"},
    SchemeParameter{kContentType, false, "the only media type of bodies that it is for"},
    SchemeParameter{kJsonPointer, false, "the only string of a JSON body that it is for"},
    SchemeParameter{kFormField, false, "the only field of a form that it is for"},
};

}  // namespace

extern const PlacementKind kBodyPlacement;
constinit const PlacementKind kBodyPlacement = {kKind, kParameters, make_body};

}  // namespace keyswap::bindings
