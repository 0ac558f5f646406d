// SPDX-License-Identifier: Apache-2.0
//
// TLS for session_fuzz (engine.cc defines tls::Engine): records of a byte for their kind,
// two for their length, and their bytes; a handshake of one record each way. What is "encrypted"
// is spelled differently, so that a secret that leaves in clear is seen to do so.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace keyswap::test {

enum class RecordKind : std::uint8_t { close = 0x15, hello = 0x16, data = 0x17 };

struct TlsRecord {
  RecordKind kind = RecordKind::data;
  std::string content;  // in clear
};

// One record, or several where the content is long.
std::string seal(RecordKind kind, std::string_view content);

// Does a whole record, or a bad one, stand at the front?
bool has_record(std::string_view bytes);

// Takes a whole record from the front of `bytes`; nothing when there is none. A record of no kind
// that is known has kind `close` and the content "bad".
std::optional<TlsRecord> unseal(std::string& bytes);

}  // namespace keyswap::test
