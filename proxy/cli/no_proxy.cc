// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/no_proxy.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fnmatch.h>
#include <optional>

#include <arpa/inet.h>

#include "proxy/base/bytes.h"

namespace keyswap::cli {

namespace {

constexpr std::size_t kBitsOfByte = 8;
constexpr std::size_t kIpv4Bytes = 4;
constexpr std::size_t kIpv6Bytes = 16;

struct Entry {
  std::string name;                  // lower case, without brackets and dots around it
  std::optional<unsigned> port;      // if it names one
  std::optional<unsigned> net_bits;  // of a network
};

std::optional<unsigned> to_number(std::string_view text) {
  unsigned number = 0;
  const char* end = text.data() + text.size();
  const auto [after, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && after == end && !text.empty() ? std::optional(number)
                                                               : std::nullopt;
}

void cut_port(std::string& name, std::optional<unsigned>& port) {
  const std::size_t bracket = name.rfind(']');
  const std::size_t colon = name.rfind(':');
  const bool is_bare_ipv6 = bracket == std::string::npos && name.find(':') != colon;
  if (colon == std::string::npos || is_bare_ipv6 ||
      (bracket != std::string::npos && colon < bracket)) {
    return;
  }
  if (const auto number = to_number(std::string_view(name).substr(colon + 1))) {
    port = number;
    name.resize(colon);
  }
}

Entry parse_entry(std::string_view text) {
  Entry entry{base::to_lower(text), {}, {}};
  std::string& name = entry.name;
  if (const std::size_t scheme = name.find("://"); scheme != std::string::npos) {
    name.erase(0, scheme + 3);
  }
  if (const std::size_t slash = name.find('/'); slash != std::string::npos) {
    entry.net_bits = to_number(std::string_view(name).substr(slash + 1));
    name.resize(slash);
  }
  cut_port(name, entry.port);
  std::erase_if(name, [](char c) { return c == '[' || c == ']'; });
  const bool is_suffix = name.starts_with("*.") && name.find('*', 1) == std::string::npos;
  name.erase(0, is_suffix ? 2 : 0);
  name.erase(0, std::min(name.find_first_not_of('.'), name.size()));
  name.erase(name.find_last_not_of('.') + 1);
  return entry;
}

struct Address {
  std::array<unsigned char, kIpv6Bytes> bytes{};
  std::size_t size = 0;
};

std::optional<Address> to_address(const std::string& text) {
  Address address;
  if (inet_pton(AF_INET, text.c_str(), address.bytes.data()) == 1) {
    address.size = kIpv4Bytes;
    return address;
  }
  if (inet_pton(AF_INET6, text.c_str(), address.bytes.data()) == 1) {
    address.size = kIpv6Bytes;
    return address;
  }
  return std::nullopt;
}

bool is_in_network(const Entry& entry, const std::string& host) {
  const auto network = to_address(entry.name);
  const auto address = to_address(host);
  if (!network || !address || network->size != address->size) {
    return false;  // names are not looked up for this
  }
  const std::size_t bits = std::min<std::size_t>(*entry.net_bits, network->size * kBitsOfByte);
  for (std::size_t bit = 0; bit < bits; ++bit) {
    const unsigned mask = 0x80U >> (bit % kBitsOfByte);
    const unsigned differs = static_cast<unsigned>(network->bytes[bit / kBitsOfByte]) ^
                             static_cast<unsigned>(address->bytes[bit / kBitsOfByte]);
    if ((differs & mask) != 0) {
      return false;
    }
  }
  return true;
}

// requests and curl's older versions ask only whether the host ends so.
bool is_suffix_of(const std::string& name, const BoundHost& bound) {
  if (!bound.is_wildcard) {
    return bound.host.ends_with(name);
  }
  const std::string below = "." + bound.host;
  return below.ends_with(name) || name.ends_with(below);
}

bool is_own(std::string_view entry) {
  const auto own = split_no_proxy(kOwnNoProxy);
  return std::ranges::find(own, entry) != own.end();
}

std::optional<std::string> network_glob(const Entry& entry) {
  const auto network = to_address(entry.name);
  if (!network || network->size != kIpv4Bytes || *entry.net_bits == 0 ||
      *entry.net_bits % kBitsOfByte != 0 || *entry.net_bits > kIpv4Bytes * kBitsOfByte) {
    return std::nullopt;
  }
  std::string glob;
  for (std::size_t i = 0; i < *entry.net_bits / kBitsOfByte; ++i) {
    glob += (i == 0 ? "" : ".") + std::to_string(network->bytes.at(i));
  }
  return glob + (*entry.net_bits == kIpv4Bytes * kBitsOfByte ? "" : ".*");
}

}  // namespace

std::vector<std::string> split_no_proxy(std::string_view list) {
  constexpr std::string_view kBetween = ", \t\r\n";
  std::vector<std::string> entries;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find_first_of(kBetween), list.size());
    if (end > 0) {
      entries.emplace_back(list.substr(0, end));
    }
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return entries;
}

BypassList judge_bypasses(const std::vector<std::string>& entries,
                          const std::vector<BoundHost>& bound) {
  BypassList list;
  for (const std::string& entry : entries) {
    if (is_own(entry) || std::ranges::find(list.kept, entry) != list.kept.end() ||
        std::ranges::find(list.left_out, entry, &LeftOut::entry) != list.left_out.end()) {
      continue;
    }
    const auto covered = std::ranges::find_if(
        bound, [&entry](const BoundHost& host) { return may_cover(entry, host); });
    if (covered == bound.end()) {
      list.kept.push_back(entry);
    } else {
      list.left_out.push_back({entry, covered->text()});
    }
  }
  return list;
}

bool may_cover(std::string_view text, const BoundHost& bound) {
  const Entry entry = parse_entry(text);
  if (entry.port && *entry.port != bound.port) {
    return false;
  }
  if (entry.net_bits) {
    return !bound.is_wildcard && is_in_network(entry, bound.host);
  }
  if (entry.name == "<local>") {
    return bound.host.find('.') == std::string::npos;
  }
  if (entry.name.find('*') != std::string::npos) {
    return bound.is_wildcard || fnmatch(entry.name.c_str(), bound.host.c_str(), FNM_NOESCAPE) == 0;
  }
  return is_suffix_of(entry.name, bound);
}

std::vector<std::string> java_globs(const std::vector<std::string>& entries) {
  std::vector<std::string> globs;
  for (const std::string& text : entries) {
    const Entry entry = parse_entry(text);
    if (entry.port || entry.name.empty() || entry.name.find('|') != std::string::npos) {
      continue;
    }
    if (entry.net_bits) {
      if (auto glob = network_glob(entry)) {
        globs.push_back(*std::move(glob));
      }
    } else if (const auto address = to_address(entry.name)) {
      globs.push_back(address->size == kIpv6Bytes ? "[" + entry.name + "]" : entry.name);
    } else if (entry.name.find('*') != std::string::npos) {
      globs.push_back(entry.name);
    } else {
      if (text.front() != '.' && text.front() != '*') {
        globs.push_back(entry.name);
      }
      globs.push_back("*." + entry.name);
    }
  }
  return globs;
}

}  // namespace keyswap::cli
