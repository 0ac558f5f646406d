// SPDX-License-Identifier: Apache-2.0
#include "bindings/schemes/oauth1_parameters.h"

#include <algorithm>

#include "bindings/auth_parameters.h"
#include "bindings/bounds.h"
#include "bindings/percent_text.h"
#include "bindings/signing_parts.h"
#include "proxy/base/bytes.h"
#include "proxy/http/grammar.h"
#include "proxy/http/target.h"

namespace keyswap::bindings::oauth1 {

namespace {

constexpr std::string_view kOwnPrefix = "oauth_";
constexpr std::string_view kRealm = "realm";
constexpr std::string_view kSignature = "oauth_signature";
constexpr std::uint16_t kHttpsPort = 443;

std::string encoded(std::string_view text) {
  return percent_encoded(text, UrlPart::parameter);
}

bool has_broken_escape(std::string_view text) {
  for (auto at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1)) {
    const bool is_whole = at + 2 < text.size() &&
                          http::grammar::is(text[at + 1], http::grammar::kHex) &&
                          http::grammar::is(text[at + 2], http::grammar::kHex);
    if (!is_whole) {
      return true;
    }
  }
  return false;
}

bool read_field(std::string_view field, Parameters& parameters) {
  const auto all = read_auth_parameters(field, kWord);
  if (!all) {
    return false;
  }
  for (const auto& one : *all) {
    if (base::equal_ignoring_case(one.name, kRealm)) {
      parameters.realm = std::string(one.value);
      continue;
    }
    if (has_percent(one.name) || has_broken_escape(one.value)) {
      return false;
    }
    auto value = decode_percent(one.value).text;
    if (one.name == kSignature) {
      parameters.signature = std::move(value);
    } else {
      parameters.own.push_back({encoded(one.name), encoded(value)});
    }
  }
  return true;
}

// Of a query or a form.
bool read_pairs(std::string_view pairs, Parameters& parameters) {
  while (!pairs.empty()) {
    const auto pair = pairs.substr(0, pairs.find('&'));
    pairs.remove_prefix(std::min(pair.size() + 1, pairs.size()));
    if (pair.empty()) {
      continue;
    }
    const auto equals = std::min(pair.find('='), pair.size());
    const auto name = url_decoded(pair.substr(0, equals));
    if (has_broken_escape(pair) || base::to_lower(name).starts_with(kOwnPrefix) ||
        parameters.others.size() == bounds::kOAuthParametersMax) {
      return false;
    }
    const auto value = url_decoded(pair.substr(std::min(equals + 1, pair.size())));
    parameters.others.push_back({encoded(name), encoded(value)});
  }
  return true;
}

}  // namespace

const std::string* Parameters::find(std::string_view name) const {
  const auto found = std::ranges::find(own, name, &Encoded::name);
  return found == own.end() ? nullptr : &found->value;
}

void Parameters::add_missing(std::string_view name, std::string value) {
  if (find(name) == nullptr) {
    own.push_back({std::string(name), std::move(value)});
  }
}

std::optional<Parameters> read_parameters(const WholeRequest& request) {
  Parameters parameters;
  const auto* const field = request.fields.find(kField);
  const bool is_read = !repeats_a_field(request, {kField, "content-type"}) &&
                       (field == nullptr || read_field(field->value, parameters)) &&
                       read_pairs(split_target(request.target).query, parameters) &&
                       (!is_form(request) || read_pairs(request.body, parameters));
  return is_read ? std::optional(std::move(parameters)) : std::nullopt;
}

std::string uri_of(const WholeRequest& request) {
  const bool is_ipv6 = request.host.find(':') != std::string_view::npos;
  const http::Authority authority{std::string(request.host),
                                  request.port,
                                  is_ipv6 ? http::HostKind::ipv6 : http::HostKind::name};
  return "https://" + http::to_string(authority, kHttpsPort) +
         std::string(split_target(request.target).path);
}

}  // namespace keyswap::bindings::oauth1
