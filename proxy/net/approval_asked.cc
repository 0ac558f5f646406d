// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/approval_asked.h"

#include <algorithm>

#include "bindings/digest.h"
#include "proxy/base/bytes.h"
#include "proxy/flow/approval_digest.h"
#include "proxy/http/target.h"

namespace keyswap::net {

namespace {

constexpr std::int64_t kUsPerMs = 1000;
constexpr std::int64_t kUsPerSecond = 1'000'000;
constexpr std::string_view kFromElsewhere = "elsewhere";

// The names of all that is used, each once: "KEY, OTHER".
std::string secrets_of(const bindings::Bindings& bindings,
                       const std::vector<flow::PlaceOf>& places) {
  std::vector<std::string_view> names;
  for (const flow::PlaceOf& place : places) {
    const std::string_view name = bindings.rules[place.rule].name.text();
    if (std::ranges::find(names, name) == names.end()) {
      names.push_back(name);
    }
  }
  std::string all;
  for (const std::string_view name : names) {
    all.append(all.empty() ? "" : ", ").append(name);
  }
  return all;
}

// Of each vault entry that is needed. What comes from elsewhere is fetched when it is sent, and has
// none before.
std::string versions_of(const vault::Vault& vault,
                        const bindings::Bindings& bindings,
                        const std::vector<flow::PlaceOf>& places,
                        std::int64_t now_s) {
  std::string all;
  for (const flow::PlaceOf& place : places) {
    const auto& injection = *bindings.rules[place.rule].places[place.place].injection;
    for (std::size_t number = 0; number < injection.needs().size(); ++number) {
      const vault::SecretName& name = injection.needs()[number];
      all.append(all.empty() ? "" : ",");
      if (bindings.is_elsewhere(name)) {
        all += kFromElsewhere;
        continue;
      }
      const auto kind = injection.needs_private_key(number) ? vault::EntryKind::private_key
                                                            : vault::EntryKind::text;
      const auto opened = vault.open_entry(name, kind, now_s);
      all += opened ? base::to_hex(opened->version) : "none";
    }
  }
  return all;
}

// What is decided on, of bindings that are in force.
std::string binding_of(const bindings::Bindings& bindings, std::string_view secret) {
  return std::string(secret) + "@" + bindings.sha256;
}

}  // namespace

approvals::Operation ApprovalAsked::operation(const std::string& id, std::int64_t now_us) {
  approvals::Operation operation;
  operation.id = id;
  operation.request_id = of.request_id;
  operation.caller = of.caller;
  operation.secret = secrets_of(*of.bindings, places);
  operation.host = http::to_string(of.destination.authority);
  operation.method = method;
  operation.path = path;
  operation.body_bytes = body.size();
  operation.body_sha256 = body_sha256();
  operation.created_us = now_us;
  operation.changed_us = operation.created_us;
  operation.expires_us = operation.created_us + times.expires_ms * kUsPerMs;
  operation.retry_us = times.retry_ms * kUsPerMs;
  return operation;
}

const std::string& ApprovalAsked::body_sha256() {
  if (digest_of_body.empty()) {
    digest_of_body = bindings::sha256_hex(body);
  }
  return digest_of_body;
}

base::Result<std::string> ApprovalAsked::digest(const vault::Secret& key,
                                                const vault::Vault& vault,
                                                std::int64_t now_us) {
  const std::string secret = secrets_of(*of.bindings, places);
  const std::string version = versions_of(vault, *of.bindings, places, now_us / kUsPerSecond);
  const std::string binding = binding_of(*of.bindings, secret);
  const std::string host = http::to_string(of.destination.authority);
  const std::string& body_digest = body_sha256();
  const std::string_view whole = target;
  const std::size_t query = whole.find('?');
  const bool is_https = of.destination.protocol == flow::Protocol::https;
  return flow::approval_digest(
      key,
      {.caller = of.caller,
       .secret = secret,
       .version = version,
       .binding = binding,
       .method = method,
       .protocol = is_https ? "https" : "http",
       .host = host,
       .path = whole.substr(0, query),
       .query = query == std::string_view::npos ? std::string_view() : whole.substr(query + 1),
       .headers = headers,
       .body_sha256 = body_digest});
}

}  // namespace keyswap::net
