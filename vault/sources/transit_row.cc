// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/transit_row.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "bindings/signatures/aes.h"
#include "proxy/base/bytes.h"

namespace keyswap::vault::transit {

namespace {

namespace aes = bindings::aes;

constexpr std::string_view kByTransit = "vault:v";
constexpr std::string_view kByOurselves = "aes:";

}  // namespace

RowKind row_kind(std::string_view row) {
  return row.starts_with(kByTransit)     ? RowKind::by_transit
         : row.starts_with(kByOurselves) ? RowKind::by_ourselves
                                         : RowKind::plain;
}

std::string_view key_version(std::string_view row) {
  if (!row.starts_with(kByTransit)) {
    return {};
  }
  const std::string_view rest = row.substr(kByTransit.size() - 1);
  const std::size_t end = rest.find(':');
  const std::string_view version = rest.substr(0, end == std::string_view::npos ? 0 : end);
  const bool is_number = version.size() > 1 && std::ranges::all_of(version.substr(1), [](char c) {
                           return c >= '0' && c <= '9';
                         });
  return is_number ? version : std::string_view();
}

base::Result<Secret> read_local_key(std::string_view hex) {
  auto room = LockedBytes::of_size(aes::kKeyBytes);
  if (!room) {
    return room.error();
  }
  const auto size = base::decode_hex(hex, {room->data(), room->size()});
  if (!size || *size != aes::kKeyBytes) {
    return base::Error{base::Errc::invalid_input, "the local key is 64 hexadecimal digits"};
  }
  return Secret::adopt(std::move(*room), aes::kKeyBytes);
}

const char* check_local_key(const Secret& value) {
  const auto key = read_local_key(value.reveal());
  return key || key.error().code == base::Errc::unavailable
             ? nullptr
             : "it is no key of 64 hexadecimal digits";
}

base::Result<Secret> open_here(std::string_view row, const Secret& key) {
  row.remove_prefix(std::min(kByOurselves.size(), row.size()));
  std::array<std::string, 3> parts;
  for (std::string& part : parts) {
    const std::string_view hex = row.substr(0, row.find(':'));
    auto bytes = base::from_hex(hex);
    const bool is_last = &part == &parts.back();
    if (!bytes || (hex.size() == row.size()) != is_last) {
      return base::Error{base::Errc::invalid_input, "this was not sealed here"};
    }
    part = std::move(*bytes);
    row.remove_prefix(std::min(hex.size() + 1, row.size()));
  }
  auto opened = aes::open_gcm(
      key.reveal(), {.nonce = parts[0], .sealed = parts[2], .tag = parts[1], .associated = {}});
  return opened ? std::move(opened)
                : aes::open_gcm(
                      key.reveal(),
                      {.nonce = parts[0], .sealed = parts[1], .tag = parts[2], .associated = {}});
}

// A random nonce: a key that seals once an outage does not come near the 2^32 that it is good for.
base::Result<Secret> seal_here(std::string_view plain, const Secret& key) {
  std::array<std::uint8_t, aes::kNonceBytes> random{};
  base::random_bytes(random);
  const std::string nonce(random.begin(), random.end());
  const auto sealed = aes::seal_gcm(key.reveal(), nonce, plain, {});
  if (!sealed) {
    return sealed.error();
  }
  const std::string_view bytes = *sealed;
  const std::size_t tag_at = bytes.size() - aes::kTagBytes;
  return Secret::copy_of(std::string(kByOurselves) + base::to_hex(nonce) + ":" +
                         base::to_hex(bytes.substr(tag_at)) + ":" +
                         base::to_hex(bytes.substr(0, tag_at)));
}

}  // namespace keyswap::vault::transit
