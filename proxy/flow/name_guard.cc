// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/name_guard.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <vector>

namespace keyswap::flow {

namespace {

// Each stands for itself and what is below it.
constexpr std::array<std::string_view, 16> kNotPublic = {
    "localhost",
    "localdomain",
    "local",
    "internal",
    "home.arpa",
    "intranet",
    "private",
    "corp",
    "home",
    "lan",
    "svc",  // Kubernetes
    // Whose only use is to lead to loopback.
    "localtest.me",
    "lvh.me",
    "vcap.me",
    "lacolhost.com",
    "localho.st",
};

constexpr std::array<std::string_view, 10> kMetadata = {
    "metadata",  // as a search domain completes it
    "metadata.google.internal",
    "metadata.goog",
    "instance-data",
    "instance-data.ec2.internal",
    "metadata.azure.internal",
    "metadata.tencentyun.com",
    "metadata.platformequinix.com",
    "metadata.packet.net",
    "api.metadata.cloud.ibm.com",
};

// Services that answer a name with the address it spells, in hex too.
constexpr std::array<std::string_view, 4> kSpellingServices = {
    "nip.io", "sslip.io", "xip.io", "traefik.me"};

bool is_at_or_below(std::string_view name, std::string_view top) {
  return name == top || (name.size() > top.size() && name.ends_with(top) &&
                         name[name.size() - top.size() - 1] == '.');
}

template <std::size_t n>
bool is_in(const std::array<std::string_view, n>& tops, std::string_view name) {
  return std::ranges::any_of(tops, [&](std::string_view top) { return is_at_or_below(name, top); });
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) {
      return parts;
    }
    text.remove_prefix(at + 1);
  }
}

AddressVerdict worse_of(AddressVerdict a, AddressVerdict b) {
  return std::max(a, b == AddressVerdict::malformed ? AddressVerdict::allowed : b);
}

// Every four parts in a row that are an IPv4 address.
AddressVerdict judge_quads(const std::vector<std::string_view>& parts) {
  AddressVerdict worst = AddressVerdict::allowed;
  for (std::size_t i = 0; i + 4 <= parts.size(); ++i) {
    std::string quad(parts[i]);
    for (std::size_t j = 1; j < 4; ++j) {
      quad.append(".").append(parts[i + j]);
    }
    worst = worse_of(worst, judge_address(quad, {}));
  }
  return worst;
}

// "7f000001", and "--1" or "2001-db8--1" for an IPv6 address.
AddressVerdict judge_service_label(std::string_view label) {
  constexpr std::size_t kHexIpv4 = 8;
  std::string ipv6(label);
  std::ranges::replace(ipv6, '-', ':');
  AddressVerdict verdict = worse_of(AddressVerdict::allowed, judge_address(ipv6, {}));
  const bool is_hex = std::ranges::all_of(
      label, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  if (label.size() == kHexIpv4 && is_hex) {
    const std::string mapped =
        "::ffff:" + std::string(label.substr(0, 4)) + ":" + std::string(label.substr(4));
    verdict = worse_of(verdict, judge_address(mapped, {}));
  }
  return verdict;
}

}  // namespace

AddressVerdict judge_name(std::string_view name) {
  if (is_in(kMetadata, name)) {
    return AddressVerdict::metadata;
  }
  const bool has_dot = name.find('.') != std::string_view::npos;
  return !has_dot || is_in(kNotPublic, name) ? AddressVerdict::not_public : AddressVerdict::allowed;
}

AddressVerdict judge_spelled_addresses(std::string_view name) {
  const auto labels = split(name, '.');
  const bool is_of_service = is_in(kSpellingServices, name);
  AddressVerdict worst = judge_quads(labels);
  for (const std::string_view label : labels) {
    worst = worse_of(worst, judge_quads(split(label, '-')));
    if (is_of_service) {
      worst = worse_of(worst, judge_service_label(label));
    }
  }
  return worst;
}

}  // namespace keyswap::flow
