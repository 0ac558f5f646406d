// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/web_page.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "proxy/flow/caller.h"
#include "proxy/http/target.h"

namespace keyswap::flow {

namespace {

using audit::Reason;

constexpr std::uint16_t kHttpPort = 80;

bool is_listed(std::string_view origin, const bindings::Bindings& bindings) {
  return std::ranges::find(bindings.allow_origins, origin) != bindings.allow_origins.end();
}

// Does the Host field, if there is one, name this machine, or what the operator says leads here?
bool is_ours(const http::Field* host, const bindings::Bindings& bindings) {
  if (host == nullptr) {
    return true;  // a browser sends it always
  }
  const auto named = http::parse_authority(host->value, kHttpPort);
  return named && (named->host == "localhost" || is_loopback(named->host) ||
                   is_listed("http://" + http::to_string(*named, kHttpPort), bindings));
}

// Is it in origin form, and led here by a name that is not ours?
bool is_led_astray(const http::RequestHead& head, const bindings::Bindings& bindings) {
  return head.target.starts_with('/') && !is_ours(head.fields.find("host"), bindings);
}

bool is_typed(const http::RequestHead& head) {
  const http::Field* const site = head.fields.find("sec-fetch-site");
  return site != nullptr && site->value == "none" && head.fields.count("sec-fetch-site") == 1 &&
         head.fields.find("origin") == nullptr;
}

}  // namespace

std::optional<Reason> check_web_page(const http::RequestHead& head,
                                     const bindings::Bindings& bindings) {
  return is_led_astray(head, bindings) ? Reason::origin_not_allowed
                                       : check_page_fields(head, bindings);
}

std::optional<Reason> check_visit(const http::RequestHead& head,
                                  const bindings::Bindings& bindings,
                                  bool is_from_here) {
  if (is_from_here && is_led_astray(head, bindings)) {
    return Reason::origin_not_allowed;
  }
  return is_typed(head) ? std::nullopt : check_page_fields(head, bindings);
}

std::optional<Reason> check_page_fields(const http::RequestHead& head,
                                        const bindings::Bindings& bindings) {
  const http::Field* const origin = head.fields.find("origin");
  if (origin == nullptr) {
    // Not `Sec-Fetch-Mode`: the fetch of Node sends that, and is no browser.
    return head.fields.find("sec-fetch-site") == nullptr
               ? std::nullopt
               : std::optional(Reason::origin_not_allowed);
  }
  const bool may_come = head.fields.count("origin") == 1 && is_listed(origin->value, bindings);
  return may_come ? std::nullopt : std::optional(Reason::origin_not_allowed);
}

}  // namespace keyswap::flow
