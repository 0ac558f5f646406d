// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/address_guard.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace keyswap::flow {

namespace {

// An address in network order; an IPv4 address uses the first four bytes.
struct Address {
  std::array<std::uint8_t, 16> bytes{};
  bool is_ipv4 = false;

  bool operator==(const Address&) const = default;
};

struct Range {
  Address address;
  unsigned int prefix_bits = 0;
};

std::optional<Address> parse(std::string_view text);
bool contains(const Range& range, const Address& address);
Address ipv4_at(const Address& address, std::size_t offset);
AddressVerdict judge_ipv4(const Address& address);
AddressVerdict judge_ipv6(const Address& address);

bool is_allowed(const Address& address, std::span<const bindings::AddressRange> allowed) {
  return std::any_of(allowed.begin(), allowed.end(), [&](const bindings::AddressRange& range) {
    const auto parsed = parse(range.address);
    return parsed && range.prefix_bits <= (parsed->is_ipv4 ? 32U : 128U) &&
           contains({*parsed, range.prefix_bits}, address);
  });
}

}  // namespace

AddressVerdict judge_address(std::string_view address,
                             std::span<const bindings::AddressRange> allowed) {
  const auto parsed = parse(address);
  if (!parsed) {
    return AddressVerdict::malformed;
  }
  const AddressVerdict verdict = parsed->is_ipv4 ? judge_ipv4(*parsed) : judge_ipv6(*parsed);
  // I12: no range of a binding, however wide, opens the metadata services.
  if (verdict == AddressVerdict::not_public && is_allowed(*parsed, allowed)) {
    return AddressVerdict::allowed;
  }
  return verdict;
}

namespace {

consteval Range ipv4(std::array<std::uint8_t, 4> bytes, unsigned int prefix_bits) {
  Range range;
  std::copy(bytes.begin(), bytes.end(), range.address.bytes.begin());
  range.address.is_ipv4 = true;
  range.prefix_bits = prefix_bits;
  return range;
}

// Eight groups, as in the full text form.
consteval Range ipv6(std::array<std::uint16_t, 8> groups, unsigned int prefix_bits) {
  Range range;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    range.address.bytes.at(2 * i) = static_cast<std::uint8_t>(groups.at(i) >> 8U);
    range.address.bytes.at(2 * i + 1) = static_cast<std::uint8_t>(groups.at(i) & 0xffU);
  }
  range.prefix_bits = prefix_bits;
  return range;
}

// IANA IPv4 Special-Purpose Address Registry (RFC 6890 and later), multicast and class E.
constexpr std::array kNotPublicIpv4 = {
    ipv4({0, 0, 0, 0}, 8),        // this network
    ipv4({10, 0, 0, 0}, 8),       // private
    ipv4({100, 64, 0, 0}, 10),    // shared (carrier-grade NAT)
    ipv4({127, 0, 0, 0}, 8),      // loopback
    ipv4({169, 254, 0, 0}, 16),   // link-local
    ipv4({172, 16, 0, 0}, 12),    // private
    ipv4({192, 0, 0, 0}, 24),     // protocol assignments
    ipv4({192, 0, 2, 0}, 24),     // documentation
    ipv4({192, 88, 99, 0}, 24),   // 6to4 relays, withdrawn
    ipv4({192, 168, 0, 0}, 16),   // private
    ipv4({198, 18, 0, 0}, 15),    // benchmarks
    ipv4({198, 51, 100, 0}, 24),  // documentation
    ipv4({203, 0, 113, 0}, 24),   // documentation
    ipv4({224, 0, 0, 0}, 4),      // multicast
    ipv4({240, 0, 0, 0}, 4),      // reserved, and broadcast
};

// Where a cloud hands out credentials to whoever can connect.
constexpr std::array kMetadataIpv4 = {
    ipv4({169, 254, 169, 254}, 32),  // AWS, GCP, Azure, OCI, DigitalOcean, OpenStack ...
    ipv4({169, 254, 170, 2}, 32),    // AWS ECS task credentials
    ipv4({169, 254, 170, 23}, 32),   // AWS EKS pod identity
    ipv4({169, 254, 0, 23}, 32),     // Tencent
    ipv4({169, 254, 42, 42}, 32),    // Scaleway
    ipv4({100, 100, 100, 200}, 32),  // Alibaba
    ipv4({100, 96, 0, 96}, 32),      // Volcengine
    ipv4({168, 63, 129, 16}, 32),    // Azure wire server, a public address
    ipv4({192, 0, 0, 192}, 32),      // Oracle, classic
};

constexpr std::array kMetadataIpv6 = {
    ipv6({0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254}, 128),  // AWS
    ipv6({0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0023}, 128),  // AWS EKS pod identity
    ipv6({0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x0254}, 128),  // GCP
    ipv6({0xfd00, 0x0042, 0, 0, 0, 0, 0, 0x0042}, 128),  // Scaleway
    ipv6({0xfe80, 0, 0, 0, 0, 0, 0xa9fe, 0xa9fe}, 128),  // OpenStack
};

// Of IPv6 only 2000::/3 is given out (RFC 4291 section 2.4): all else is refused without being
// named here, unique-local, link-local, site-local, multicast, discard and segment-routing prefixes
// included.
constexpr Range kGlobalUnicast = ipv6({0x2000, 0, 0, 0, 0, 0, 0, 0}, 3);
constexpr std::array kNotPublicIpv6 = {
    ipv6({0x2001, 0, 0, 0, 0, 0, 0, 0}, 23),       // protocol assignments
    ipv6({0x2001, 0x0db8, 0, 0, 0, 0, 0, 0}, 32),  // documentation
    ipv6({0x3fff, 0, 0, 0, 0, 0, 0, 0}, 20),       // documentation (RFC 9637)
};

// Prefixes that hold an IPv4 address, and where: such an address is at best as public as the one in
// it, and where the prefix itself is not in use, not public at all.
struct Embedding {
  Range prefix;
  std::size_t offset = 0;
  AddressVerdict at_best = AddressVerdict::not_public;
};

constexpr std::array kEmbeddings = {
    // compatible (RFC 4291 section 2.5.5.1)
    Embedding{ipv6({0, 0, 0, 0, 0, 0, 0, 0}, 96), 12, AddressVerdict::not_public},
    // translated (RFC 2765)
    Embedding{ipv6({0, 0, 0, 0, 0xffff, 0, 0, 0}, 96), 12, AddressVerdict::not_public},
    // NAT64 (RFC 6052)
    Embedding{ipv6({0x0064, 0xff9b, 0, 0, 0, 0, 0, 0}, 96), 12, AddressVerdict::allowed},
    // 6to4 (RFC 3056)
    Embedding{ipv6({0x2002, 0, 0, 0, 0, 0, 0, 0}, 16), 2, AddressVerdict::allowed},
};
constexpr Range kMapped = ipv6({0, 0, 0, 0, 0, 0xffff, 0, 0}, 96);
constexpr Range kTeredo = ipv6({0x2001, 0, 0, 0, 0, 0, 0, 0}, 32);

template <std::size_t n>
bool is_in(const std::array<Range, n>& ranges, const Address& address) {
  return std::any_of(
      ranges.begin(), ranges.end(), [&](const Range& range) { return contains(range, address); });
}

bool contains(const Range& range, const Address& address) {
  if (range.address.is_ipv4 != address.is_ipv4) {
    return false;
  }
  const std::size_t whole = range.prefix_bits / 8;
  if (!std::equal(
          address.bytes.begin(), address.bytes.begin() + whole, range.address.bytes.begin())) {
    return false;
  }
  const unsigned int rest = range.prefix_bits % 8;
  const unsigned int mask = (0xff00U >> rest) & 0xffU;
  return rest == 0 || ((address.bytes.at(whole) ^ range.address.bytes.at(whole)) & mask) == 0;
}

// A mapped address becomes the IPv4 address that would be dialled for it, so that it is judged, and
// allowed, as that.
std::optional<Address> parse(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  if (text.size() >= buffer.size() || text.find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  std::copy(text.begin(), text.end(), buffer.begin());
  Address address;
  if (inet_pton(AF_INET, buffer.data(), address.bytes.data()) == 1) {
    address.is_ipv4 = true;
    return address;
  }
  if (inet_pton(AF_INET6, buffer.data(), address.bytes.data()) != 1) {
    return std::nullopt;
  }
  return contains(kMapped, address) ? ipv4_at(address, 12) : address;
}

Address ipv4_at(const Address& address, std::size_t offset) {
  Address embedded;
  std::copy_n(address.bytes.begin() + offset, 4, embedded.bytes.begin());
  embedded.is_ipv4 = true;
  return embedded;
}

AddressVerdict judge_ipv4(const Address& address) {
  if (is_in(kMetadataIpv4, address)) {
    return AddressVerdict::metadata;
  }
  return is_in(kNotPublicIpv4, address) ? AddressVerdict::not_public : AddressVerdict::allowed;
}

AddressVerdict worse_of(AddressVerdict a, AddressVerdict b) {
  static_assert(AddressVerdict::allowed < AddressVerdict::not_public &&
                AddressVerdict::not_public < AddressVerdict::metadata);
  return std::max(a, b);
}

// Teredo (RFC 4380 section 4): the server as it is, the client with every bit inverted.
AddressVerdict judge_teredo(const Address& address) {
  Address client = ipv4_at(address, 12);
  for (std::size_t i = 0; i < 4; ++i) {
    client.bytes.at(i) = static_cast<std::uint8_t>(~client.bytes.at(i));
  }
  return worse_of(judge_ipv4(ipv4_at(address, 4)), judge_ipv4(client));
}

// ISATAP (RFC 5214 section 6.1): ...:0:5efe:a.b.c.d under any prefix.
bool is_isatap(const Address& address) {
  return (address.bytes[8] & 0xfdU) == 0 && address.bytes[9] == 0 && address.bytes[10] == 0x5e &&
         address.bytes[11] == 0xfe;
}

AddressVerdict judge_ipv6(const Address& address) {
  if (is_in(kMetadataIpv6, address)) {
    return AddressVerdict::metadata;
  }
  for (const Embedding& embedding : kEmbeddings) {
    if (contains(embedding.prefix, address)) {
      return worse_of(judge_ipv4(ipv4_at(address, embedding.offset)), embedding.at_best);
    }
  }
  if (contains(kTeredo, address)) {
    return judge_teredo(address);
  }
  if (!contains(kGlobalUnicast, address) || is_in(kNotPublicIpv6, address)) {
    return AddressVerdict::not_public;
  }
  return is_isatap(address) ? judge_ipv4(ipv4_at(address, 12)) : AddressVerdict::allowed;
}

}  // namespace

}  // namespace keyswap::flow
