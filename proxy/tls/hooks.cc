// SPDX-License-Identifier: Apache-2.0
#include "proxy/tls/hooks.h"

#include <openssl/ssl.h>

namespace keyswap::tls {

namespace {

constexpr int kSessionsTakenMax = 16;  // I10: of the tickets of one connection

int on_new_session(SSL* ssl, SSL_SESSION* session) noexcept {
  auto* notes = static_cast<Notes*>(SSL_get_app_data(ssl));
  if (notes == nullptr || ++notes->sessions_seen > kSessionsTakenMax) {
    return 0;
  }
  notes->session = std::shared_ptr<SSL_SESSION>(session, SSL_SESSION_free);
  return 1;  // the reference is ours now
}

// With SSL_OP_NO_RENEGOTIATION OpenSSL answers a request for one by a warning and goes on; whoever
// asks for it is not who we want to talk to.
void on_info(const SSL* ssl, int where, int value) noexcept {
  constexpr int kAlertMask = 0xff;
  auto* notes = static_cast<Notes*>(SSL_get_app_data(ssl));
  if (notes != nullptr && where == SSL_CB_WRITE_ALERT &&
      (value & kAlertMask) == SSL_AD_NO_RENEGOTIATION) {
    notes->was_renegotiation_asked = true;
  }
}

}  // namespace

void install_hooks(ssl_ctx_st* context) {
  SSL_CTX_sess_set_new_cb(context, on_new_session);
  SSL_CTX_set_info_callback(context, on_info);
}

void attach_notes(ssl_st* ssl, Notes* notes) {
  SSL_set_app_data(ssl, notes);
}

}  // namespace keyswap::tls
