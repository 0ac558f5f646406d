// SPDX-License-Identifier: Apache-2.0
#include "bindings/auth_parameters.h"

#include <algorithm>

#include "bindings/bounds.h"
#include "proxy/base/bytes.h"
#include "proxy/http/message.h"

namespace keyswap::bindings {

namespace {

// Each take_... takes what it names off the front of what is left, or fails.
class Reader {
 public:
  Reader(std::string_view field, std::size_t at) : field_(field), at_(at) {}

  std::optional<std::vector<AuthParameter>> take_all() {
    std::vector<AuthParameter> found;
    do {
      skip_space();
      const auto one = take_parameter();
      if (!one || has(found, one->name) || found.size() == bounds::kAuthParametersMax) {
        return std::nullopt;
      }
      found.push_back(*one);
      skip_space();
    } while (take(','));
    return at_ == field_.size() ? std::optional(std::move(found)) : std::nullopt;
  }

 private:
  static bool has(const std::vector<AuthParameter>& found, std::string_view name) {
    return std::ranges::any_of(found, [&](const AuthParameter& known) {
      return base::equal_ignoring_case(known.name, name);
    });
  }

  void skip_space() { at_ = std::min(field_.find_first_not_of(" \t", at_), field_.size()); }

  bool take(char c) {
    const bool is_there = at_ < field_.size() && field_[at_] == c;
    at_ += is_there ? 1 : 0;
    return is_there;
  }

  std::string_view take_until(std::string_view ends) {
    const auto begin = at_;
    at_ = std::min(field_.find_first_of(ends, at_), field_.size());
    return field_.substr(begin, at_ - begin);
  }

  std::optional<AuthParameter> take_parameter() {
    AuthParameter one;
    one.name = take_until("= \t,\"");
    if (!http::is_token(one.name) || !take('=')) {
      return std::nullopt;
    }
    const bool is_quoted = take('"');
    one.at = at_;
    one.value = take_until(is_quoted ? "\"\\" : " \t,\"");
    const bool is_whole = is_quoted ? take('"') : http::is_token(one.value);
    return is_whole ? std::optional(one) : std::nullopt;
  }

  std::string_view field_;
  std::size_t at_;
};

}  // namespace

std::optional<std::vector<AuthParameter>> read_auth_parameters(std::string_view field,
                                                               std::string_view scheme) {
  const auto end = std::min(field.find(' '), field.size());
  if (!base::equal_ignoring_case(field.substr(0, end), scheme)) {
    return std::nullopt;
  }
  return Reader(field, end).take_all();
}

std::optional<std::string_view> find_auth_parameter(const std::vector<AuthParameter>& parameters,
                                                    std::string_view name) {
  const auto found = std::ranges::find(parameters, name, &AuthParameter::name);
  return found == parameters.end() ? std::nullopt : std::optional(found->value);
}

}  // namespace keyswap::bindings
