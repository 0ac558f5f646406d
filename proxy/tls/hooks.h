// SPDX-License-Identifier: Apache-2.0
//
// What OpenSSL tells about a connection by callbacks: written down in Notes, and looked at by the
// engine afterwards. Private to tls.
#pragma once

#include <memory>
#include <string>

struct ssl_st;
struct ssl_ctx_st;
struct ssl_session_st;

namespace keyswap::tls {

struct Notes {
  std::shared_ptr<ssl_session_st> session;  // the newest that the upstream gave
  int sessions_seen = 0;
  bool was_renegotiation_asked = false;
  bool was_certificate_asked = false;  // of us, by the upstream
  int alert_received = -1;             // that ended the connection
  int alert_sent = -1;
  std::string refused_certificate;  // what stands in the one that was not accepted (facts_of)
};

void install_hooks(ssl_ctx_st* context);
// From now on what happens on `ssl` is noted in `notes`, which outlives it and does not move;
// false: there is no memory for it.
[[nodiscard]] bool attach_notes(ssl_st* ssl, Notes* notes);
// Null when none are attached.
Notes* notes_of(const ssl_st* ssl);

}  // namespace keyswap::tls
