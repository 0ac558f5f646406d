// SPDX-License-Identifier: Apache-2.0
#include "vault/entry_rules.h"

#include <algorithm>
#include <array>

#include "proxy/base/bounds.h"

namespace keyswap::vault {

namespace {

namespace bounds = base::bounds;

bool is_control(char c) {
  constexpr unsigned char kDelete = 0x7f;
  const auto byte = static_cast<unsigned char>(c);
  return byte < ' ' || byte == kDelete;
}

bool is_printable_ascii(char c) {
  return c >= ' ' && c <= '~';
}

}  // namespace

base::Status check_entry(const SecretName& name, std::string_view service) {
  if (name.text().empty()) {
    return base::Error{base::Errc::invalid_input, "a secret has a name"};
  }
  if (service.size() > bounds::kServiceBytesMax ||
      !std::ranges::all_of(service, is_printable_ascii)) {
    return base::Error{base::Errc::invalid_input,
                       "a service is up to 128 printable ASCII characters"};
  }
  if (service == kPrivateKeyService) {
    return base::Error{base::Errc::invalid_input,
                       "the service private-key is that of private keys"};
  }
  return {};
}

base::Status check_value(const Secret& value) {
  KS_TRY(check_size(value));
  if (std::ranges::any_of(value.reveal(), is_control)) {
    return base::Error{base::Errc::invalid_input,
                       "a secret must not contain control characters (line ends, tabs, NUL)"};
  }
  return {};
}

base::Status check_size(const Secret& value) {
  static_assert(bounds::kSecretBytesMax == 65536);
  if (value.size() == 0 || value.size() > bounds::kSecretBytesMax) {
    return base::Error{base::Errc::invalid_input, "a secret has 1 to 65536 bytes"};
  }
  return {};
}

std::string make_uuid() {
  std::array<std::uint8_t, 16> bytes{};
  base::random_bytes(bytes);
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0fU) | 0x40U);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3fU) | 0x80U);
  std::string text = base::to_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  for (const std::size_t place : {20U, 16U, 12U, 8U}) {
    text.insert(place, 1, '-');
  }
  return text;
}

}  // namespace keyswap::vault
