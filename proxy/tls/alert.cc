// SPDX-License-Identifier: Apache-2.0
#include "proxy/tls/alert.h"

#include <algorithm>
#include <array>

namespace keyswap::tls {

namespace {

struct Named {
  int description;
  std::string_view name;
};

constexpr std::array kAlerts{
    Named{0, "close_notify"},
    Named{10, "unexpected_message"},
    Named{20, "bad_record_mac"},
    Named{21, "decryption_failed"},
    Named{22, "record_overflow"},
    Named{30, "decompression_failure"},
    Named{40, "handshake_failure"},
    Named{41, "no_certificate"},
    Named{42, "bad_certificate"},
    Named{43, "unsupported_certificate"},
    Named{44, "certificate_revoked"},
    Named{45, "certificate_expired"},
    Named{46, "certificate_unknown"},
    Named{47, "illegal_parameter"},
    Named{48, "unknown_ca"},
    Named{49, "access_denied"},
    Named{50, "decode_error"},
    Named{51, "decrypt_error"},
    Named{60, "export_restriction"},
    Named{70, "protocol_version"},
    Named{71, "insufficient_security"},
    Named{80, "internal_error"},
    Named{86, "inappropriate_fallback"},
    Named{90, "user_canceled"},
    Named{100, "no_renegotiation"},
    Named{109, "missing_extension"},
    Named{110, "unsupported_extension"},
    Named{111, "certificate_unobtainable"},
    Named{112, "unrecognized_name"},
    Named{113, "bad_certificate_status_response"},
    Named{114, "bad_certificate_hash_value"},
    Named{115, "unknown_psk_identity"},
    Named{116, "certificate_required"},
    Named{120, "no_application_protocol"},
};

}  // namespace

std::string_view alert_name(int description) {
  const auto found =
      std::find_if(kAlerts.begin(), kAlerts.end(), [description](const Named& alert) {
        return alert.description == description;
      });
  return found == kAlerts.end() ? "unassigned" : found->name;
}

}  // namespace keyswap::tls
