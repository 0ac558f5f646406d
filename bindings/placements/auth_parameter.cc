// SPDX-License-Identifier: Apache-2.0
//
// The placement of schemes whose key is a parameter of an Authorization field, as in
// `deri-hmac-sha256 id=KEY,ts=...`. Such a scheme writes the whole field, so no value comes here
// by a placement; no key of `inject:` chooses it.
#include <string>

#include "bindings/auth_parameters.h"
#include "bindings/placement.h"
#include "bindings/placements.h"
#include "bindings/plain_value.h"
#include "proxy/base/bytes.h"
#include "proxy/http/message.h"

namespace keyswap::bindings {

namespace {

constexpr std::string_view kField = "authorization";

class AuthParameterPlacement final : public Placement {
 public:
  AuthParameterPlacement(std::string_view scheme, std::string_view parameter)
      : scheme_(scheme), parameter_(parameter) {}

  [[nodiscard]] std::string_view kind() const override { return "header"; }

  [[nodiscard]] std::string_view name() const override { return kField; }

  void show(std::string_view placeholder, ClientHead& head) const override {
    head.fields.emplace_back(kField,
                             scheme_ + " " + parameter_ + "=\"" + std::string(placeholder) + "\"");
  }

  // Between quotes, and it would end there or be written as something else.
  [[nodiscard]] bool can_hold(std::string_view placeholder) const override {
    return placeholder.find_first_of("\"\\%") == std::string_view::npos;
  }

  void find(const HeadParts& head,
            std::size_t part,
            std::string_view placeholder,
            std::vector<Spot>& spots) const override {
    if (!head.is_field(part) || !base::equal_ignoring_case(head.fields[part].name, kField)) {
      return;
    }
    const auto parameters = read_auth_parameters(head[part], scheme_);
    for (std::size_t i = 0; parameters && i < parameters->size(); ++i) {
      const auto& one = (*parameters)[i];
      if (one.name == parameter_ && one.value == placeholder) {
        spots.push_back({part, one.at, one.at + one.value.size()});
      }
    }
  }

  [[nodiscard]] std::size_t count(const HeadParts& head) const override {
    return head.fields.count(kField);
  }

  [[nodiscard]] base::Status check(std::string_view value) const override {
    return check_plain_value(value);
  }

  [[nodiscard]] base::Status fill(const Filling& /*filling*/, Edits& /*edits*/) const override {
    return base::Error{base::Errc::unsupported, "the scheme writes the whole field"};
  }

 private:
  std::string scheme_;
  std::string parameter_;
};

}  // namespace

std::unique_ptr<const Placement> make_auth_parameter(std::string_view scheme,
                                                     std::string_view parameter) {
  return std::make_unique<AuthParameterPlacement>(scheme, parameter);
}

}  // namespace keyswap::bindings
