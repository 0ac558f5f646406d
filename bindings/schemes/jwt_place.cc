// SPDX-License-Identifier: Apache-2.0
#include "bindings/schemes/jwt_place.h"

#include <algorithm>
#include <string>

#include "bindings/json.h"
#include "bindings/plain_value.h"
#include "bindings/schemes/jwt_claims.h"
#include "bindings/signatures/jwt.h"
#include "proxy/base/bytes.h"

namespace keyswap::bindings {

namespace {

std::optional<std::string_view> token_in(std::string_view value) {
  if (!base::equal_ignoring_case(value.substr(0, kBearerWord.size()), kBearerWord)) {
    return std::nullopt;
  }
  const auto token = value.substr(kBearerWord.size());
  const auto begin = std::min(token.find_first_not_of(' '), token.size());
  return begin < token.size() ? std::optional(token.substr(begin)) : std::nullopt;
}

bool says(const JsonValue* value, std::string_view text) {
  return value != nullptr && value->kind == JsonValue::Kind::string && value->text == text;
}

// Does the token's header name this key? GitHub's Apps name none: then its issuer is asked.
bool names_key(std::string_view token, std::string_view key_id) {
  const auto parts = jwt::read(token);
  const auto header = parts ? read_json(parts->header, kTokenBounds) : std::nullopt;
  if (!header) {
    return false;
  }
  if (const auto* const named = header->find("kid")) {
    return says(named, key_id);
  }
  const auto claims = read_json(parts->claims, kTokenBounds);
  return claims && says(claims->find("iss"), key_id);
}

class BearerPlace final : public Placement {
 public:
  [[nodiscard]] std::string_view kind() const override { return "jwt"; }

  [[nodiscard]] std::string_view name() const override { return kBearerField; }

  void show(std::string_view placeholder, ClientHead& head) const override {
    head.fields.emplace_back(kBearerField, std::string(kBearerWord).append(placeholder));
  }

  [[nodiscard]] bool can_hold(std::string_view placeholder) const override {
    return placeholder.find(' ') == std::string_view::npos;
  }

  void find(const HeadParts& head,
            std::size_t part,
            std::string_view placeholder,
            std::vector<Spot>& spots) const override {
    if (!head.is_field(part) || !base::equal_ignoring_case(head.fields[part].name, kBearerField)) {
      return;
    }
    const auto token = token_in(head[part]);
    if (token && (*token == placeholder || names_key(*token, placeholder))) {
      spots.push_back({part, head[part].size() - token->size(), head[part].size()});
    }
  }

  [[nodiscard]] std::size_t count(const HeadParts& head) const override {
    return head.fields.count(kBearerField);
  }

  [[nodiscard]] base::Status check(std::string_view value) const override {
    return check_plain_value(value);
  }

  // The scheme writes the whole field.
  [[nodiscard]] base::Status fill(const Filling& /*filling*/, Edits& /*edits*/) const override {
    return base::Error{base::Errc::unsupported, "a key id by itself is no credential"};
  }
};

}  // namespace

std::unique_ptr<const Placement> make_bearer_place() {
  return std::make_unique<BearerPlace>();
}

std::optional<std::string_view> bearer_token(const http::HeaderList& fields) {
  const auto* const field = fields.find(kBearerField);
  return field == nullptr ? std::nullopt : token_in(field->value);
}

}  // namespace keyswap::bindings
