// SPDX-License-Identifier: Apache-2.0
#include "bindings/venues/binance/parameters.h"

#include <algorithm>
#include <array>
#include <utility>

#include "bindings/bounds.h"
#include "proxy/base/bytes.h"
#include "proxy/base/hex.h"

namespace keyswap::bindings::binance {

namespace {

constexpr std::string_view kSignature = "signature";

// What the signer and bindings/venues/binance/order.cc look for.
constexpr auto kPolicyNames = std::to_array<std::string_view>({"signature",
                                                               "timestamp",
                                                               "recvWindow",
                                                               "symbol",
                                                               "side",
                                                               "type",
                                                               "strategyType",
                                                               "quantity",
                                                               "price",
                                                               "quoteOrderQty",
                                                               "pegPriceType",
                                                               "priceMatch",
                                                               "reduceOnly",
                                                               "closePosition",
                                                               "batchOrders",
                                                               "orders",
                                                               "stopLimitPrice",
                                                               "aboveType",
                                                               "abovePrice",
                                                               "abovePegPriceType",
                                                               "belowType",
                                                               "belowPrice",
                                                               "belowPegPriceType",
                                                               "workingType",
                                                               "workingSide",
                                                               "workingPrice",
                                                               "workingQuantity",
                                                               "workingPegPriceType",
                                                               "pendingType",
                                                               "pendingSide",
                                                               "pendingPrice",
                                                               "pendingQuantity",
                                                               "pendingPegPriceType",
                                                               "pendingAboveType",
                                                               "pendingAbovePrice",
                                                               "pendingAbovePegPriceType",
                                                               "pendingBelowType",
                                                               "pendingBelowPrice",
                                                               "pendingBelowPegPriceType",
                                                               "newQty",
                                                               "apiKey"});

bool is_alphanumeric(char c) {
  const char lower = base::to_lower(c);
  return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9');
}

bool is_escape(std::string_view text) {
  return text.size() >= 3 && text[0] == '%' && base::hex_value(text[1]) >= 0 &&
         base::hex_value(text[2]) >= 0;
}

// application/x-www-form-urlencoded (URL Standard section 5.1), but strict: a '%' begins an escape.
std::optional<std::string> decode(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] != '%') {
      result += text[i] == '+' ? ' ' : text[i];
      ++i;
      continue;
    }
    if (!is_escape(text.substr(i))) {
      return std::nullopt;
    }
    result += static_cast<char>(static_cast<unsigned char>(base::hex_value(text[i + 1]) * 16 +
                                                           base::hex_value(text[i + 2])));
    i += 3;
  }
  return result;
}

std::optional<Parameter> read_pair(std::string_view raw, Place place) {
  const auto equals = std::min(raw.find('='), raw.size());
  auto name = decode(raw.substr(0, equals));
  auto value = decode(raw.substr(std::min(equals + 1, raw.size())));
  if (!name || !value || !is_parameter_name(*name) || is_disguised_name(*name) ||
      raw.find(';') != std::string_view::npos) {
    return std::nullopt;
  }
  return Parameter{raw, std::move(*name), std::move(*value), place};
}

bool has_name(const std::vector<Parameter>& list, std::string_view name) {
  return std::any_of(list.begin(), list.end(), [&](const Parameter& parameter) {
    return base::equal_ignoring_case(parameter.name, name);
  });
}

// The pairs of one place; false when they are refused. Empty ones ("&&") mean nothing.
bool read_place(std::string_view text, Place place, std::vector<Parameter>& list) {
  while (!text.empty()) {
    const auto raw = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(raw.size() + 1, text.size()));
    if (raw.empty()) {
      continue;
    }
    auto parameter = read_pair(raw, place);
    if (!parameter || has_name(list, parameter->name) ||
        list.size() == bounds::kSignedParametersMax) {
      return false;
    }
    list.push_back(std::move(*parameter));
  }
  return true;
}

bool has_no_place_in_a_query(char c) {
  constexpr std::string_view kRefused = "\"'<>[]{}\\^|`";
  return c <= ' ' || c > '~' || kRefused.find(c) != std::string_view::npos;
}

void append_escape(char c, std::string& text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  text += '%';
  text += kDigits[byte / 16U];
  text += kDigits[byte % 16U];
}

}  // namespace

const std::string* Parameters::find(std::string_view name) const {
  const auto found = std::find_if(
      list.begin(), list.end(), [&](const Parameter& parameter) { return parameter.name == name; });
  return found == list.end() ? nullptr : &found->value;
}

bool is_parameter_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return is_alphanumeric(c) || c == '_';
  });
}

bool is_disguised_name(std::string_view name) {
  return std::any_of(kPolicyNames.begin(), kPolicyNames.end(), [&](std::string_view known) {
    return known != name && base::equal_ignoring_case(known, name);
  });
}

std::optional<Parameters> read_parameters(std::string_view query, std::string_view body) {
  Parameters parameters;
  auto& list = parameters.list;
  if (!read_place(query, Place::query, list) || !read_place(body, Place::body, list)) {
    return std::nullopt;
  }
  const auto signature = std::find_if(list.begin(), list.end(), [](const Parameter& parameter) {
    return parameter.name == kSignature;
  });
  if (signature != list.end()) {
    parameters.signature = std::move(signature->value);
    parameters.signature_place = signature->place;
    list.erase(signature);
  }
  return parameters;
}

std::string encode_pair(std::string_view raw) {
  if (std::none_of(raw.begin(), raw.end(), has_no_place_in_a_query)) {
    return std::string(raw);
  }
  constexpr std::string_view kKept = "-_.~*!()+";
  const auto value_at = std::min(raw.find('='), raw.size() - 1) + 1;
  std::string result(raw.substr(0, value_at));
  for (std::size_t i = value_at; i < raw.size(); ++i) {
    const char c = raw[i];
    if (is_alphanumeric(c) || kKept.find(c) != std::string_view::npos || is_escape(raw.substr(i))) {
      result += c;
    } else {
      append_escape(c, result);
    }
  }
  return result;
}

std::string encode_uri_component(std::string_view text) {
  constexpr std::string_view kKept = "-_.!~*'()";
  std::string result;
  for (const char c : text) {
    if (is_alphanumeric(c) || kKept.find(c) != std::string_view::npos) {
      result += c;
    } else {
      append_escape(c, result);
    }
  }
  return result;
}

}  // namespace keyswap::bindings::binance
