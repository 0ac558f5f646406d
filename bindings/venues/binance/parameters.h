// SPDX-License-Identifier: Apache-2.0
//
// The parameters of a signed request, from its query and its form body: read strictly, so that the
// venue cannot find another order in them than the policy did (I9).
// Source: "Signed endpoint security" of Binance's REST documents (section "SIGNED").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace keyswap::bindings::binance {

enum class Place : std::uint8_t { query, body };

struct Parameter {
  std::string_view raw;  // "name=value" as it came
  std::string name;      // decoded
  std::string value;     // decoded
  Place place = Place::query;
};

struct Parameters {
  std::vector<Parameter> list;           // in order, those of the query first, without `signature`
  std::optional<std::string> signature;  // the client's
  Place signature_place = Place::query;

  // The value of a parameter, or nullptr if it is not there.
  [[nodiscard]] const std::string* find(std::string_view name) const;
};

// Nothing when it could be read in more than one way: a name twice, in whatever encoding or place,
// or twice but for case; a name that the policy reads, in another case; a name that is not of
// [A-Za-z0-9_]; an escape that is none; a ';', which some servers read as '&'; or more than
// bounds::kSignedParametersMax. The views point into the arguments.
std::optional<Parameters> read_parameters(std::string_view query, std::string_view body);

// Is it of [A-Za-z0-9_]+?
bool is_parameter_name(std::string_view name);

// Is `name` one that the policy reads, but for case?
bool is_disguised_name(std::string_view name);

// "name=value" as it is signed and sent: when the value has a byte that has no place in a query
// (controls, space, quotes, <>[]{}\^|` and all beyond ASCII), everything but letters, digits,
// "-_.~*!()+" and the escapes that it has already becomes %XX; else it stays as it is. Then what is
// signed is what is sent, whether the venue takes it as it came or escapes it once more.
std::string encode_pair(std::string_view raw);

// As JavaScript's function of that name does (ECMA-262, "encodeURIComponent").
std::string encode_uri_component(std::string_view text);

}  // namespace keyswap::bindings::binance
