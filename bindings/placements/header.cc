// SPDX-License-Identifier: Apache-2.0
//
// The placement `header`: the whole value of a header, or (`replace: token`) the placeholder in it
// alone.
#include <array>
#include <string>
#include <utility>

#include "bindings/placement.h"
#include "bindings/placements.h"
#include "bindings/schemes.h"
#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"
#include "proxy/http/message.h"

namespace keyswap::bindings {

namespace {

constexpr std::string_view kKind = "header";
constexpr std::string_view kReplace = "replace";

enum class Replaced : std::uint8_t {
  whole_value,  // with whatever stands around the placeholder, as in "Bearer ..."
  bare_value,   // the placeholder is all of it
  token,        // the placeholder, with nothing glued to it
};

// Could it go on before or behind the placeholder?
bool is_glue(char c) {
  const char lower = base::to_lower(c);
  return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

class HeaderPlacement final : public Placement {
 public:
  HeaderPlacement(std::string name, Replaced replaced)
      : name_(std::move(name)), replaced_(replaced) {}

  [[nodiscard]] std::string_view kind() const override { return kKind; }

  [[nodiscard]] std::string_view name() const override { return name_; }

  void show(std::string_view placeholder, ClientHead& head) const override {
    head.fields.emplace_back(name_, placeholder);
  }

  void find(const HeadParts& head,
            std::size_t part,
            std::string_view placeholder,
            std::vector<Spot>& spots) const override {
    if (!head.is_field(part) || !base::equal_ignoring_case(head.fields[part].name, name_)) {
      return;
    }
    const std::string_view value = head[part];
    if (replaced_ == Replaced::token) {
      find_tokens(value, part, placeholder, spots);
    } else if (replaced_ == Replaced::whole_value || value == placeholder) {
      const auto count = occurrences(value, placeholder);
      if (count > 0) {
        spots.push_back({part, 0, value.size(), false, count});
      }
    }
  }

  [[nodiscard]] std::size_t count(const HeadParts& head) const override {
    return head.fields.count(name_);
  }

  [[nodiscard]] bool is_whole() const override { return replaced_ != Replaced::token; }

  // A value that could end its line never gets into a head, wherever it came from.
  [[nodiscard]] base::Status check(std::string_view value) const override {
    if (value.size() > base::bounds::kRequestFieldBytesMax) {
      return base::Error{base::Errc::limit_exceeded, "the credential's value is too long"};
    }
    if (value.empty() || !http::is_field_value(value)) {
      return base::Error{base::Errc::invalid_input,
                         "the credential's value is empty, or has controls, or space at an end"};
    }
    return {};
  }

  [[nodiscard]] base::Status fill(const Filling& filling, Edits& edits) const override {
    edits.set_field(name_, filling.value);
    return {};
  }

 private:
  static std::size_t occurrences(std::string_view value, std::string_view placeholder) {
    std::size_t count = 0;
    for (auto at = value.find(placeholder); at != std::string_view::npos;
         at = value.find(placeholder, at + placeholder.size())) {
      ++count;
    }
    return count;
  }

  static void find_tokens(std::string_view value,
                          std::size_t part,
                          std::string_view placeholder,
                          std::vector<Spot>& spots) {
    for (auto at = value.find(placeholder); at != std::string_view::npos;
         at = value.find(placeholder, at + placeholder.size())) {
      const auto end = at + placeholder.size();
      const bool is_glued =
          (at > 0 && is_glue(value[at - 1])) || (end < value.size() && is_glue(value[end]));
      if (!is_glued) {
        spots.push_back({part, at, end});
      }
    }
  }

  std::string name_;  // lower case
  Replaced replaced_;
};

MadePlacement make_header(const SchemeSetup& setup) {
  MadePlacement made;
  auto header = credential_header(*setup.find(kKind));
  const auto* const replace = setup.find(kReplace);
  if (!header.problem.empty()) {
    made.issues.push_back({kKind, 0, header.problem, ""});
  } else if (replace != nullptr && *replace != "whole" && *replace != "token") {
    made.issues.push_back({kReplace, 0, "`replace` must be `whole` or `token`", ""});
  } else {
    const bool is_token = replace != nullptr && *replace == "token";
    made.placement = std::make_unique<HeaderPlacement>(
        std::move(header.name), is_token ? Replaced::token : Replaced::whole_value);
  }
  return made;
}

constexpr std::array kParameters = {
    SchemeParameter{kKind, true, "the header whose value is replaced"},
    SchemeParameter{kReplace, false, "its `whole` value, or the placeholder's `token` in it"},
};

}  // namespace

std::unique_ptr<const Placement> make_bare_header(std::string_view name) {
  return std::make_unique<HeaderPlacement>(std::string(name), Replaced::bare_value);
}

extern const PlacementKind kHeaderPlacement;
constinit const PlacementKind kHeaderPlacement = {kKind, kParameters, make_header};

}  // namespace keyswap::bindings
