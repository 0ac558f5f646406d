// SPDX-License-Identifier: Apache-2.0
//
// The placement `header`: the whole value of a header.
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

// What may stand around the placeholder: something, as in "Bearer ...", or nothing.
enum class Around : std::uint8_t { anything, nothing };

class HeaderPlacement final : public Placement {
 public:
  HeaderPlacement(std::string name, Around around) : name_(std::move(name)), around_(around) {}

  [[nodiscard]] std::string_view kind() const override { return kKind; }

  [[nodiscard]] std::string_view name() const override { return name_; }

  void show(std::string_view placeholder, ClientHead& head) const override {
    head.fields.emplace_back(name_, placeholder);
  }

  [[nodiscard]] bool holds(const HeadParts& head,
                           std::size_t part,
                           std::string_view placeholder) const override {
    return head.is_field(part) && base::equal_ignoring_case(head.fields[part].name, name_) &&
           (around_ == Around::anything || head[part] == placeholder);
  }

  [[nodiscard]] bool is_repeated(const HeadParts& head) const override {
    return head.fields.count(name_) > 1;
  }

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
    if (filling.part) {
      edits.set_field_at(*filling.part, name_, filling.value);
    } else {
      edits.set_field(name_, filling.value);
    }
    return {};
  }

 private:
  std::string name_;  // lower case
  Around around_;
};

MadePlacement make_header(const SchemeSetup& setup) {
  MadePlacement made;
  auto header = credential_header(*setup.find(kKind));
  if (header.problem.empty()) {
    made.placement = std::make_unique<HeaderPlacement>(std::move(header.name), Around::anything);
  } else {
    made.issues.push_back({kKind, 0, header.problem, ""});
  }
  return made;
}

constexpr std::array kParameters = {
    SchemeParameter{kKind, true, "the header whose whole value is replaced"},
};

}  // namespace

std::unique_ptr<const Placement> make_bare_header(std::string_view name) {
  return std::make_unique<HeaderPlacement>(std::string(name), Around::nothing);
}

extern const PlacementKind kHeaderPlacement;
constinit const PlacementKind kHeaderPlacement = {kKind, kParameters, make_header};

}  // namespace keyswap::bindings
