// SPDX-License-Identifier: Apache-2.0
//
// Source: "AWS service endpoints" of the AWS General Reference.
#include "bindings/schemes/sigv4_hosts.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "proxy/http/grammar.h"

namespace keyswap::bindings {

namespace {

constexpr std::string_view kGlobalRegion = "us-east-1";  // of endpoints that name none
constexpr std::array<std::string_view, 4> kSuffixes = {
    ".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".on.aws"};
// Services whose endpoints without a region reach buckets in all of them; the last are those of
// access points that stand for several regions ("alias.mrap.accesspoint.s3-global").
constexpr std::array<std::string_view, 3> kOfAllRegions = {"s3", "s3-accelerate", "s3-global"};
// Labels that say how an endpoint is reached.
constexpr std::array<std::string_view, 2> kKinds = {"dualstack", "fips"};
// Services whose endpoints have another name than their signatures.
constexpr auto kOtherNames = std::to_array<std::pair<std::string_view, std::string_view>>(
    {{"email", "ses"}, {"queue", "sqs"}});

struct HostNames {
  std::string_view region;   // "": any; AWS holds it against the bucket's
  std::string_view service;  // the label that stands for it
  bool is_part = false;      // more stands before it
};

// "us-east-1", "us-gov-west-1": words, and a digit behind them.
bool is_region(std::string_view label) {
  const std::size_t first = label.find('-');
  const std::size_t last = label.rfind('-');
  return first == 2 && last > first && last + 2 == label.size() &&
         http::grammar::is(label.back(), http::grammar::kDigit) &&
         std::ranges::all_of(label.substr(0, last),
                             [](char c) { return c == '-' || (c >= 'a' && c <= 'z'); });
}

// Takes the last label off.
std::string_view take_label(std::string_view& labels) {
  const std::size_t dot = labels.rfind('.');
  const std::string_view label = dot == std::string_view::npos ? labels : labels.substr(dot + 1);
  labels = dot == std::string_view::npos ? std::string_view() : labels.substr(0, dot);
  return label;
}

// The service is the last label that is no region and no kind: what stands before it is a bucket,
// an account, or a part of the service, and may be anybody's choice.
std::optional<HostNames> read_host(std::string_view host) {
  const auto* const suffix = std::ranges::find_if(
      kSuffixes, [&](std::string_view known) { return host.ends_with(known); });
  if (suffix == kSuffixes.end()) {
    return std::nullopt;
  }
  std::string_view labels = host.substr(0, host.size() - suffix->size());
  HostNames names;
  while (!labels.empty() && names.service.empty()) {
    const std::string_view label = take_label(labels);
    if (is_region(label)) {
      names.region = label;
    } else if (std::ranges::find(kKinds, label) == kKinds.end()) {
      names.service = label;
    }
  }
  names.is_part = !labels.empty();
  // "my-domain.us-east-1.es.amazonaws.com"
  if (const std::string_view next = take_label(labels); names.region.empty() && is_region(next)) {
    names.region = next;
  }
  // "bucket.s3-us-west-2.amazonaws.com"
  constexpr std::string_view kOldS3 = "s3-";
  if (names.service.starts_with(kOldS3) && is_region(names.service.substr(kOldS3.size()))) {
    names.region = names.service.substr(kOldS3.size());
    names.service = "s3";
  }
  const bool is_of_all = std::ranges::find(kOfAllRegions, names.service) != kOfAllRegions.end();
  if (names.region.empty() && !is_of_all) {
    names.region = kGlobalRegion;
  }
  return names;
}

}  // namespace

bool names_region(std::string_view host, std::string_view region) {
  const auto names = read_host(host);
  return names && (names->region.empty() || names->region == region);
}

// An endpoint of a part of a service is called after both: "bedrock-runtime".
bool names_service(std::string_view host, std::string_view service) {
  const auto names = read_host(host);
  if (!names) {
    return false;
  }
  const std::string_view label = names->service;
  const bool is_part =
      label.starts_with(service) && label.size() > service.size() && label[service.size()] == '-';
  return label == service || is_part || std::ranges::any_of(kOtherNames, [&](const auto& other) {
           return other.first == label && other.second == service;
         });
}

bool names_part(std::string_view host) {
  const auto names = read_host(host);
  return names && names->is_part;
}

}  // namespace keyswap::bindings
