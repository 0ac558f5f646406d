// SPDX-License-Identifier: Apache-2.0
#include "bindings/venues/binance/batch.h"

#include <algorithm>
#include <utility>

#include "bindings/bounds.h"
#include "bindings/json.h"
#include "bindings/venues/binance/parameters.h"

namespace keyswap::bindings::binance {

namespace {

// A batch is an array (1) of objects (2).
constexpr JsonBounds kBatchBounds = {2, bounds::kSignedParametersMax};

std::optional<TextFields> read_order_object(const JsonValue& object) {
  if (object.kind != JsonValue::Kind::object || object.items.empty()) {
    return std::nullopt;
  }
  TextFields fields;
  for (std::size_t i = 0; i < object.items.size(); ++i) {
    if (!object.items[i].is_scalar() || is_disguised_name(object.names[i])) {
      return std::nullopt;
    }
    fields.push_back({object.names[i], object.items[i].text});
  }
  return fields;
}

}  // namespace

const std::string* find_field(const TextFields& fields, std::string_view name) {
  const auto found = std::find_if(
      fields.begin(), fields.end(), [&](const TextField& field) { return field.name == name; });
  return found == fields.end() ? nullptr : &found->value;
}

std::optional<std::vector<TextFields>> read_batch(std::string_view json) {
  const bool has_escape = json.find('\\') != std::string_view::npos;
  const auto array = has_escape ? std::nullopt : read_json(json, kBatchBounds);
  if (!array || array->kind != JsonValue::Kind::array || array->items.empty() ||
      array->items.size() > bounds::kBatchOrdersMax) {
    return std::nullopt;
  }
  std::vector<TextFields> orders;
  for (const auto& item : array->items) {
    auto order = read_order_object(item);
    if (!order) {
      return std::nullopt;
    }
    orders.push_back(std::move(*order));
  }
  return orders;
}

}  // namespace keyswap::bindings::binance
