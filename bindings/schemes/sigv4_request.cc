// SPDX-License-Identifier: Apache-2.0
#include "bindings/schemes/sigv4_request.h"

#include <algorithm>
#include <array>
#include <utility>

#include "bindings/schemes/sigv4_hosts.h"
#include "bindings/signatures/sigv4_pair.h"
#include "bindings/signing_parts.h"
#include "proxy/http/grammar.h"

namespace keyswap::bindings::sigv4 {

namespace {

constexpr std::string_view kHashField = "x-amz-content-sha256";
constexpr std::string_view kUnsigned = "UNSIGNED-PAYLOAD";
constexpr std::string_view kUnsignedChunks = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
constexpr std::array kAlgorithms = {Algorithm::hmac, Algorithm::ecdsa};
constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::int64_t kClockSeconds = 300;  // a client's clock may differ so much from ours

bool is_amz(std::string_view lower_name) {
  return lower_name.starts_with("x-amz-");
}

// Did the client sign what decides what the request is?
bool covers(const Claim& claim, const http::HeaderList& fields) {
  const auto is_signed = [&](std::string_view name) {
    return std::ranges::binary_search(claim.signed_names, name);
  };
  return is_signed("host") && fields.count("host") == 1 &&
         std::ranges::all_of(fields, [&](const http::Field& field) {
           const auto name = base::to_lower(field.name);
           return !is_amz(name) || (is_signed(name) && fields.count(name) == 1);
         });
}

// Does Connection tell the next hop to take away what is signed, or what signs it?
bool takes_signed_away(const Claim& claim, const http::HeaderList& fields) {
  return std::ranges::any_of(fields, [&](const http::Field& field) {
    return http::grammar::is_name(field.name, "connection") &&
           http::grammar::any_element(field.value, [&](std::string_view option) {
             const auto name = base::to_lower(option);
             return is_amz(name) || name == "authorization" ||
                    std::ranges::binary_search(claim.signed_names, name);
           });
  });
}

// The names in a presigned URL leave as they are: are all of them those of fields that leave, too?
bool keeps_names(const Claim& claim, const http::HeaderList& fields) {
  const http::HopByHop hop_by_hop(fields);
  return !claim.is_presigned ||
         (fields.find(kTokenField) == nullptr &&
          std::ranges::all_of(claim.signed_names, [&](const std::string& name) {
            return fields.find(name) != nullptr && !hop_by_hop.has(name);
          }));
}

// What else S3 reads for it, which no path of the binding stands for: the object that is copied may
// be in any bucket, the one that is renamed is in the same.
struct OtherObjects {
  bool is_copied = false;
  bool is_renamed = false;
};

OtherObjects other_objects(const WholeRequest& request, std::span<const Parameter> query) {
  const auto is_there = [&](std::string_view name) {
    return request.fields.find(name) != nullptr ||
           std::ranges::any_of(query, [&](const Parameter& one) {
             return base::equal_ignoring_case(one.name, name);
           });
  };
  return {is_there("x-amz-copy-source"), is_there("x-amz-rename-source")};
}

base::Result<std::string> hash_of(const WholeRequest& request,
                                  const Claim& claim,
                                  const Subject& subject) {
  return canonical_hash({request.method,
                         split_target(request.target).path,
                         subject.query,
                         subject.fields,
                         subject.names,
                         subject.payload_hash,
                         claim.is_s3()});
}

// Of the day on which it is signed.
KeyScope scope_of(const Claim& claim, const Subject& subject) {
  return {std::string_view(subject.date_time).substr(0, 8), claim.region, claim.service};
}

}  // namespace

std::string_view query_of(const WholeRequest& request) {
  return split_target(request.target).query;
}

// What the head says of the body; "": nothing.
std::string_view said_hash(const WholeRequest& request) {
  const auto* const field = request.fields.find(kHashField);
  return field == nullptr ? std::string_view() : field->value;
}

// What is signed of the body.
std::string payload_hash(const WholeRequest& request, const Claim& claim) {
  if (const auto said = said_hash(request); !said.empty()) {
    return std::string(said);
  }
  return claim.is_presigned && claim.is_s3() ? std::string(kUnsigned) : sha256_hex(request.body);
}

bool is_signed_in_chunks(std::string_view hash) {
  return is_trailer_signed(hash) || std::ranges::any_of(kAlgorithms, [&](Algorithm one) {
           return names_of(one).stream == hash;
         });
}

bool is_trailer_signed(std::string_view hash) {
  return std::ranges::any_of(
      kAlgorithms, [&](Algorithm one) { return names_of(one).stream_with_trailer == hash; });
}

bool is_known_hash(std::string_view hash, Algorithm algorithm) {
  constexpr std::size_t kHexBytes = 64;
  const AlgorithmNames& names = names_of(algorithm);
  return hash.empty() || hash == kUnsigned || hash == kUnsignedChunks || hash == names.stream ||
         hash == names.stream_with_trailer ||
         (hash.size() == kHexBytes && http::grammar::all_are(hash, http::grammar::kHex));
}

bool is_well_made(const Claim& claim, const http::HeaderList& fields) {
  return claim.signed_names.size() <= fields.size() && covers(claim, fields) &&
         !takes_signed_away(claim, fields) && keeps_names(claim, fields);
}

// The parameters that are signed: all but the signature.
base::Result<std::vector<Parameter>> signed_query(std::string_view query) {
  auto parameters = read_query(query);
  if (parameters) {
    std::erase_if(*parameters,
                  [](const Parameter& one) { return one.name == kSignatureParameter; });
  }
  return parameters;
}

// "20130524T000000Z"
std::string date_time_of(std::int64_t now_us) {
  std::string text;
  for (const char c :
       time_text(TimeUnit::iso, now_us).substr(0, sizeof "2013-05-24T00:00:00" - 1)) {
    if (c != '-' && c != ':') {
      text += c;
    }
  }
  return text + "Z";
}

// Was it made just now, as this clock has it? A presigned URL is good for as long as it says.
bool is_current(const Claim& claim, std::int64_t now_us) {
  const std::int64_t age = now_us / kMicrosPerSecond - claim.signed_at_s;
  const std::int64_t age_max = claim.is_presigned ? claim.expires_s : kClockSeconds;
  return age >= -kClockSeconds && age <= age_max;
}

base::Result<std::string> sign_subject(const WholeRequest& request,
                                       const Claim& claim,
                                       const Subject& subject,
                                       const Pair& pair) {
  const auto hash = hash_of(request, claim, subject);
  const auto scope = scope_of(claim, subject);
  const auto key = hash ? PairKey::of(claim.algorithm, pair, scope) : hash.error();
  return key ? key->sign({names_of(claim.algorithm).head, subject.date_time, scope.text(), *hash})
             : key.error();
}

// Is the client's signature one that the throw-away pair gives for the request as it came?
bool is_signed_with(std::string_view placeholder_secret,
                    const WholeRequest& request,
                    const Claim& claim) {
  auto query = signed_query(query_of(request));
  if (!query) {
    return false;
  }
  const Subject subject{{request.fields.begin(), request.fields.end()},
                        claim.signed_names,
                        std::move(*query),
                        payload_hash(request, claim),
                        claim.date_time};
  const auto hash = hash_of(request, claim, subject);
  const auto scope = scope_of(claim, subject);
  const auto proof = PairProof::of(claim.algorithm, {claim.key_id, placeholder_secret}, scope);
  return hash && proof &&
         proof->shows({names_of(claim.algorithm).head, subject.date_time, scope.text(), *hash},
                      claim.signature);
}

// I3: does it read what this binding does not name?
bool reads_elsewhere(const WholeRequest& request,
                     std::span<const Parameter> query,
                     const Scope& scope) {
  const OtherObjects others = other_objects(request, query);
  const bool may_get =
      scope.methods.empty() || std::ranges::find(scope.methods, "GET") != scope.methods.end();
  const bool is_open = scope.paths.empty() && may_get;
  return (others.is_copied && (!is_open || names_part(request.host))) ||
         (others.is_renamed && !is_open);
}

}  // namespace keyswap::bindings::sigv4
