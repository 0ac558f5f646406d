// SPDX-License-Identifier: Apache-2.0
//
// A record of the audit log as a message of the journal or of syslog. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace keyswap::cli {

// Severities of syslog (RFC 5424 section 6.2.1).
enum class Severity : std::uint8_t { warning = 4, notice = 5, info = 6 };

// warning: what an operator has to look at. notice: what was denied or refused.
Severity severity_of(std::string_view line);

// A datagram of the journal's native protocol: MESSAGE as people read it, a field KEYSWAP_… for
// each key that one searches by, and the whole record in KEYSWAP_RECORD.
std::string journal_message(std::string_view line);

// A datagram for /dev/log: the record itself behind the mark "@cee:", by which rsyslog and
// syslog-ng know that fields follow. `time` is local, as "Nov 22 02:25:09".
std::string syslog_message(std::string_view line, std::string_view time);

}  // namespace keyswap::cli
